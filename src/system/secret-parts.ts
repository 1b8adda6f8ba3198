/** `https://user:password@host`: what stands before the last @ of the host. Text of people, who don't always encode it. */
const userInformation = /\b[a-z][a-z0-9+.-]*:\/\/([^\s/"'<>]+|[^\s/:"'<>]+:[^\s@"'<>]+)@/gi

/** `password = …`, `"auth": "…"`: a name that says so, and a value. */
const named =
  /["']?\b[\w.-]*(?:passw(?:or)?d|pwd|passphrase|secret|token|auth|api-?key|credential)[\w.-]*["']?\s*[:=]\s*["']?([^\s"',;{}[\]][^\s"',;}]*)/gi

/** `machine … login … password …` of a .netrc */
const netrc = /\bpassword\s+(\S+)/gi

/** A header: `Authorization: Basic …` */
const header = /\b(?:basic|bearer|token)\s+([\w+/=.~-]{4,})/gi

const pair = /^([^\s:/]+):(\S.*)$/

/** GitHub's old form has the token as the user. */
const noPassword = /^(|x-oauth-basic)$/

/**
 * What has to be hidden of a secret besides its whole text, since programs show it in parts: each line, the passwords of the
 * addresses and pairs in it, and those together with their users, as they are written and as they are meant. User names are no secrets.
 */
export function partsOf(secret: string): string[] {
  const lines = secret
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return [...new Set([secret, ...lines, ...lines.flatMap(credentialsIn)])].filter((part) => part !== '')
}

/** @returns passwords and `user:password` of each address in a text; a user alone is a token */
export function credentialsInAddresses(text: string): string[] {
  return usersIn(text).flatMap(({ user, name, password }) =>
    [password ?? name, user].flatMap((part) => [part, decoded(part)]).filter((part) => !part.endsWith(':')),
  )
}

/** @returns the passwords of the addresses in a text, as they are meant */
export function passwordsInAddresses(text: string): string[] {
  return usersIn(text).flatMap(({ password }) => (password === undefined ? [] : [decoded(password)]))
}

function usersIn(text: string): { user: string; name: string; password: string | undefined }[] {
  return [...text.matchAll(userInformation)].map(([, user = '']) => {
    const [, name = user, password = ''] = /^([^:]*):(.*)$/s.exec(user) ?? []
    return { user, name, password: noPassword.test(password) ? undefined : password }
  })
}

function credentialsIn(line: string, depth = 0): string[] {
  const values = [named, netrc, header].flatMap((form) =>
    [...line.matchAll(form)].map(([, value = '']) => value),
  )
  const [, , password] = line.includes('://') ? [] : (pair.exec(line) ?? [])
  const inside = [line, ...values].flatMap((value) => (depth > 1 ? [] : unpacked(value, depth)))
  return [
    ...credentialsInAddresses(line),
    ...values,
    ...(password === undefined ? [] : [password]),
    ...inside,
  ]
}

/** docker and HTTP know a pair by its base64. */
function unpacked(value: string, depth: number): string[] {
  if (!/^[\w+/-]{6,}={0,2}$/.test(value)) return []
  const text = Buffer.from(value, 'base64').toString('utf8')
  return /^[\x20-\x7e]+$/.test(text) && pair.test(text) ? [text, ...credentialsIn(text, depth + 1)] : []
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that encodes nothing stands for itself.
    return text
  }
}
