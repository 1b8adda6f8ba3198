/** Replaces everything that must appear nowhere. What leaves the process (log, files, summary, outputs) goes through it. */
export type Redact = (text: string) => string

/** Shorter pieces of a secret (a line "}" of a JSON key) would blacken ordinary text and tell nobody anything. */
const shortestPiece = 4

/**
 * @param secrets passwords, tokens, build secrets; of those with several lines each line is hidden, too, since logs come
 * line by line
 */
export function createRedact(secrets: string[]): Redact {
  const pieces = new Set<string>()
  for (const secret of secrets)
    for (const form of [secret, ...secret.split(/\r?\n/).map((line) => line.trim())])
      if (form.length >= shortestPiece)
        for (const spelling of [form, encodeURIComponent(form), Buffer.from(form).toString('base64')])
          pieces.add(spelling)
  const longestFirst = [...pieces].sort((left, right) => right.length - left.length)
  return (text) =>
    longestFirst.reduce(
      (clean, piece) => (clean.includes(piece) ? clean.replaceAll(piece, '***') : clean),
      text,
    )
}

/** @returns the pieces that a runner is told to mask in everything that it shows */
export function maskedValues(secrets: string[]): string[] {
  return [...new Set(secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]))].filter(
    (value) => value.length >= shortestPiece,
  )
}

/** @returns the password in a URL, as it is written there and as it is meant; nothing if there is none */
export function passwordsIn(url: string): string[] {
  const password = URL.canParse(url) ? new URL(url).password : ''
  return password === '' ? [] : [password, decodeURIComponent(password)]
}
