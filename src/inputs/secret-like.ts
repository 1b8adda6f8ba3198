import { hasCredentials } from '../registry/index.ts'

/** Names of nothing but secrets, in whatever case. */
const secretName =
  /passw(?:or)?d|passphrase|secret|credential|netrc|api_?key|(?:access|private|signing|encryption)_?key|(?:^|_)(?:pwd|keys?)$|(?:^|_)pwd_/i

/** Names of secrets, which options have, too: `PER_TOKEN_QUANT`, `MAX_TOKENS`, `USE_AUTH`. */
const perhapsSecretName = /tokens?(?:$|_)|(?:^|_)(?:auth|authorization|bearer)(?:$|_)/i

/** What an option is set to, and no secret is */
const setting = /^(?:\d{0,7}(?:\.\d{1,7})?|true|false|yes|no|on|off|auto|none)$/i

/** `HF_TOKEN_PATH` says where a secret is, not what it is. */
const place = /_(?:file|path|dir)$/i

/** Beginnings by which services let their tokens be recognised, headers, keys */
const secretForms = [
  /\b(?:hf_|gh[oprsu]_|github_pat_|glpat-|sk-|xox[abeprs]-|nvapi-|dckr_pat_|pypi-|npm_|AKIA|ASIA|AIza)[\w-]{12,}/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]+/,
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /\b(?:bearer|basic)\s+[\w+/=.~-]{8,}/i,
]

/** `name=…`, `"name": "…"`, `--name …` within a value */
const named = [
  /([A-Za-z][\w.-]*)["']?\s*[:=]\s*["']?([^\s"',;{}[\]]+)/g,
  /--([A-Za-z][\w.-]*)\s+["']?([^\s"'-][^\s"']*)/g,
]

/** @returns whether a variable looks like one that holds a secret, by its name or by what is in it */
export function looksSecret(name: string, value: string): boolean {
  if (isSecret(name, value) || hasCredentials(value)) return true
  const inside = named.flatMap((form) => [...value.matchAll(form)])
  return (
    secretForms.some((form) => form.test(value)) ||
    inside.some(([, inner = '', text = '']) => isSecret(inner.replace(/[.-]/g, '_'), text))
  )
}

function isSecret(name: string, value: string): boolean {
  if (place.test(name)) return false
  return secretName.test(name) || (perhapsSecretName.test(name) && !setting.test(value))
}
