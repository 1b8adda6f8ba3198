import type { InputReader } from './problems.ts'

/** Credentials for one registry only */
export type Login = { username: string; password: string }

/**
 * Reads `username` and `password`. Pull requests of forks and Dependabot get no secrets: they push
 * nothing and read anonymously.
 */
export function readLogin(reader: InputReader, push: boolean): Login | undefined {
  const [username, password] = [reader.read('username'), reader.read('password')]
  if (password === '' && (username === '' || !push)) return undefined
  if (username === '') return reader.refuse('username', 'a user name with the password, or neither')
  if (password === '')
    return reader.refuse(
      'password',
      'a password or token with the user name, or neither (a secret that does not exist is empty)',
    )
  return { username, password }
}
