import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import { buildxArguments } from '../../../src/buildkit/argv.ts'
import type { BuildCall } from '../../../src/buildkit/call.ts'
import { environmentLines } from '../../../src/buildkit/dockerfile.ts'
import { reproduceCommand } from '../../../src/leg/reproduce.ts'
import type { PinnedSource } from '../../../src/plan/pinned.ts'
import { makeCall, makeLeg } from '../../support/build-calls.ts'
import { optionValues } from '../../support/buildkit.ts'

const image: BuildCall['output'] = {
  kind: 'image',
  reference: 'docker.io/aibrix/image-cache:candidate-1-amd64',
  push: true,
  compression: 'zstd',
  labels: { note: 'a, "b" c' },
  annotations: { 'org.opencontainers.image.version': 'v0.10.2' },
  metadataFile: '/tmp/metadata.json',
}

/** @returns the arguments of docker after a shell has read the command */
function pasted(command: string): string[] {
  const output = execFileSync('sh', ['-c', `git() { :; }; docker() { printf '%s\\0' "$@"; }\n${command}`], {
    encoding: 'utf8',
  })
  return output.split('\0').slice(0, -1)
}

describe('the command to reproduce a build', () => {
  it('is the same call without what only the action needs, and pushes nothing', () => {
    const call = makeCall({ output: image, secrets: new Map([['token', '/private/secret-token']]) })
    const command = reproduceCommand(call)
    expect(command).not.toContain('/private')
    expect(command).toMatch(
      /^# Put the value of the secret "token" into the file secret-token first\.\ndocker buildx build /,
    )
    const args = pasted(command)
    const ours = buildxArguments(call).filter((argument) => argument !== '--progress=rawjson')
    expect(args).toEqual(
      ours
        .filter((argument, index) => argument !== '--metadata-file' && ours[index - 1] !== '--metadata-file')
        .map((argument) => argument.replace('push=true', 'push=false').replace('src=/private/', 'src=')),
    )
  })

  it('takes certificates from a file that a comment names', () => {
    const command = reproduceCommand(makeCall({ certificates: '/private/certificates' }))
    expect(command).toMatch(
      /^# Put the file of ca-certificates into a new folder first: certificates\/given\.pem\ndocker buildx /,
    )
    expect(optionValues(pasted(command), '--build-context')).toEqual(['certificates=certificates/'])
  })

  it('takes the files of a user from a folder that a comment names', () => {
    const leg = makeLeg({
      extraPackages: ['a==1', 'b; python_version >= "3"'],
      extraFiles: { digest: '6'.repeat(64), size: { files: 1, bytes: 1 } },
    })
    const command = reproduceCommand(makeCall({ leg, extraFiles: '/private/extra-files' }))
    expect(command).toMatch(
      /^# Put a copy of the folder of extra-files into the folder extra-files first\.\n/,
    )
    const args = pasted(command)
    expect(optionValues(args, '--build-context')).toEqual(['extra-files=extra-files/'])
    expect(optionValues(args, '--build-arg')).toEqual(
      expect.arrayContaining([
        'EXTRA_PACKAGES=a==1\nb; python_version >= "3"',
        `EXTRA_FILES=${'6'.repeat(64)}`,
      ]),
    )
  })

  it('names where the user has the Dockerfiles', () => {
    const place = {
      context: 'https://github.com/aibrix/image-action.git#v1:dockerfiles',
      dockerfile: 'Dockerfile.vllm',
    }
    const args = pasted(reproduceCommand(makeCall(), place))
    expect(args.at(-1)).toBe(place.context)
    expect(optionValues(args, '--file')).toEqual(['Dockerfile.vllm'])
  })

  it.each<[string, Partial<PinnedSource>, string[]]>([
    [
      'a path',
      { repository: { kind: 'path', path: "/srv/it's here" } },
      [
        'git init --quiet --bare aibrix-source',
        "git --git-dir=aibrix-source fetch --quiet --no-tags --depth=1 -- '/srv/it'\\''s here' +refs/tags/v0.5.0:refs/tags/v0.5.0",
      ],
    ],
    [
      'a branch by ssh',
      { repository: { kind: 'url', url: 'git@git.example:aibrix' }, ref: 'feature/kv', kind: 'branch' },
      [
        'git init --quiet --bare aibrix-source',
        `git --git-dir=aibrix-source fetch --quiet --update-shallow -- git@git.example:aibrix +${'1'.repeat(40)}:refs/heads/feature/kv`,
      ],
    ],
    ['a URL that a build can clone', {}, []],
  ])('first fetches %s with git', (_, source, expected) => {
    const leg = makeLeg({ aibrix: { ...makeLeg().aibrix, ...source } })
    const command = reproduceCommand(makeCall({ leg }))
    expect(command.split('\n').slice(0, -1)).toEqual(expected)
    const contexts = expected.length === 0 ? [] : ['aibrix-source=aibrix-source/']
    expect(optionValues(pasted(command), '--build-context')).toEqual(contexts)
  })

  it('gives buildx the Dockerfile with the variables of the image, whatever their values', () => {
    const value = `it's "$HOME" \\ 100% \`x\``
    const leg = makeLeg({ environment: { B: value, A: '1' } })
    const place = { context: 'dockerfiles', dockerfile: '/dev/null' }
    const command = reproduceCommand(makeCall({ leg }), place)
    expect(command).toMatch(
      /^\{ cat \/dev\/null; printf '%s\\n' 'ENV A="1"' .*; \} \| docker buildx build --file - /,
    )
    expect(command).toMatch(/ -- dockerfiles$/)
    const shown = execFileSync('sh', ['-c', command.replace(/\| docker .*$/s, '')], { encoding: 'utf8' })
    expect(shown).toBe(`${environmentLines(leg.environment).join('\n')}\n`)
  })

  it('survives a shell, whatever the values', () => {
    const value = fc.string({
      unit: fc.constantFrom("'", '"', '$', '`', '\\', ' ', '\n', '#', '!', 'ü', 'a', '*'),
    })
    fc.assert(
      fc.property(value, (text) => {
        const leg = makeLeg({ buildArguments: { OWN: text } })
        expect(optionValues(pasted(reproduceCommand(makeCall({ leg }))), '--build-arg')).toContain(
          `OWN=${text}`,
        )
      }),
      { numRuns: 25 },
    )
  })
})
