/** @returns whether this is a day of the calendar, as YYYYMMDD: the 31st of February is none */
export function isDay(text: string): boolean {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)$/.exec(text) ?? []
  const day = parts.join('-')
  const time = Date.parse(`${day}T00:00:00Z`)
  // What is too much for a month some parsers take for days of the next one.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day)
}
