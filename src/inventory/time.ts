/** Times of RFC 3339, which has years of four digits, from the year 1 on; in milliseconds since 1970 */
const [earliest, latest] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')]

/**
 * @param time milliseconds since 1970, as foreign text says: any number
 * @returns the time in RFC 3339, UTC; null for what has none there
 */
export function timeText(time: number): string | null {
  return time >= earliest && time <= latest ? new Date(time).toISOString() : null
}
