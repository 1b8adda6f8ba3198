/** `https://user:password@host`: the text before the host's last @, as people may not encode it */
const userInformation = /\b[a-z][a-z0-9+.-]*:\/\/([^\s/"'<>]+|[^\s/:"'<>]+:[^\s@"'<>]+)@/gi

/** `password = …`, `"auth": "…"`: a telling name and a value */
const named =
  /["']?\b[\w.-]*(?:passw(?:or)?d|pwd|passphrase|secret|token|auth|api-?key|credential)[\w.-]*["']?\s*[:=]\s*["']?([^\s"',;{}[\]][^\s"',;}]*)/gi

/** `machine … login … password …` of a .netrc */
const netrc = /\bpassword\s+(\S+)/gi

/** A header: `Authorization: Basic …` */
const header = /\b(?:basic|bearer|token)\s+([\w+/=.~-]{4,})/gi

const pair = /^([^\s:/]+):(\S.*)$/

/** The passwords of an address whose user is the token, as in GitHub's old form */
const noPassword = /^(|x-oauth-basic)$/

/**
 * @returns a secret and its parts, since programs show it in parts: each line, and the passwords of
 *   addresses and pairs, alone and with their users, written and decoded; but no user names
 */
export function partsOf(secret: string): string[] {
  const lines = secret
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return [...new Set([secret, ...lines, ...lines.flatMap(credentialsIn)])].filter((part) => part !== '')
}

/**
 * @returns passwords and `user:password` of the addresses in a text, as written and decoded; a user
 *   alone is a token
 */
export function passwordsIn(text: string): string[] {
  return usersIn(text).flatMap(({ user, name, password }) =>
    [password ?? name, user].flatMap((part) => [part, decoded(part)]).filter((part) => !part.endsWith(':')),
  )
}

/** @returns the decoded passwords of the addresses in a text */
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
  return [...passwordsIn(line), ...values, ...(password === undefined ? [] : [password]), ...inside]
}

/** docker and HTTP encode pairs in base64. */
function unpacked(value: string, depth: number): string[] {
  if (!/^[\w+/-]{6,}={0,2}$/.test(value)) return []
  const text = Buffer.from(value, 'base64').toString('utf8')
  return /^[\x20-\x7e]+$/.test(text) && pair.test(text) ? [text, ...credentialsIn(text, depth + 1)] : []
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that encodes nothing is literal.
    return text
  }
}
