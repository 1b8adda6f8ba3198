import { hasCredentials } from '../registry/index.ts'

/** Names of secrets only, in any case */
const secretName =
  /passw(?:or)?d|passphrase|secret|credential|netrc|api_?key|(?:access|private|signing|encryption)_?key|(?:^|_)(?:pwd|keys?)$|(?:^|_)pwd_/i

/** Names that secrets share with options: `PER_TOKEN_QUANT`, `MAX_TOKENS`, `USE_AUTH` */
const perhapsSecretName = /tokens?(?:$|_)|(?:^|_)(?:auth|authorization|bearer)(?:$|_)/i

/** Values of options that no secret has */
const setting = /^(?:\d{0,7}(?:\.\d{1,7})?|true|false|yes|no|on|off|auto|none)$/i

/** `HF_TOKEN_PATH` is the location of a secret. */
const location = /_(?:file|path|dir)$/i

/** Prefixes by which services mark their tokens; JSON web tokens, private keys, headers */
const secretForms = [
  /\b(?:hf_|gh[oprsu]_|github_pat_|glpat-|sk-|xox[abeprs]-|nvapi-|dckr_pat_|pypi-|npm_|AKIA|ASIA|AIza)[\w-]{12,}/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]+/,
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /\b(?:bearer|basic)\s+[\w+/=.~-]{8,}/i,
]

/** `name=…`, `"name": "…"` and `--name …` within a value */
const named = [
  /([A-Za-z][\w.-]*)["']?\s*[:=]\s*["']?([^\s"',;{}[\]]+)/g,
  /--([A-Za-z][\w.-]*)\s+["']?([^\s"'-][^\s"']*)/g,
]

/** @returns whether a variable looks like a secret, by its name or its value */
export function looksSecret(name: string, value: string): boolean {
  if (isSecret(name, value) || hasCredentials(value)) return true
  const inside = named.flatMap((form) => [...value.matchAll(form)])
  return (
    secretForms.some((form) => form.test(value)) ||
    inside.some(([, inner = '', text = '']) => isSecret(inner.replace(/[.-]/g, '_'), text))
  )
}

function isSecret(name: string, value: string): boolean {
  if (location.test(name)) return false
  return secretName.test(name) || (perhapsSecretName.test(name) && !setting.test(value))
}
