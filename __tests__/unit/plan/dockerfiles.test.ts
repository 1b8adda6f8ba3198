import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { buildArguments } from '../../../src/buildkit/argv.ts'
import { currentRelease, parseCatalogue, ucxOfNixl } from '../../../src/plan/feasibility/catalogue.ts'
import { engineNames, engines } from '../../../src/plan/engine.ts'
import { makeLeg, ucxOf } from '../../support/verified-leg.ts'

const catalogue = parseCatalogue(readFileSync('dockerfiles/catalogue.json', 'utf8'))

function readDockerfile(engine: (typeof engineNames)[number]): string {
  return readFileSync(`dockerfiles/${engines[engine].dockerfile}`, 'utf8')
}

/** `ARG NAME=default` lines */
function defaultsOf(dockerfile: string): Record<string, string> {
  return Object.fromEntries(
    [...dockerfile.matchAll(/^ARG (\w+)="?([^"\n]*)"?$/gm)].map(([, name = '', value = '']) => [name, value]),
  )
}

describe.each(engineNames)('the Dockerfile of %s', (engine) => {
  const dockerfile = readDockerfile(engine)
  const defaults = defaultsOf(dockerfile)

  it('has the current release of the catalogue as its defaults', () => {
    const { nixl, engines: versions } = currentRelease(catalogue)
    expect(defaults).toMatchObject({
      [engines[engine].versionArgument]: versions[engine],
      AIBRIX_BRANCH: catalogue.current,
      AIBRIX_REPO: 'https://github.com/vllm-project/aibrix',
      NIXL_VERSION: nixl,
      UCX_VERSION: ucxOfNixl(catalogue, nixl),
    })
  })

  it('declares each build argument that the action sets', () => {
    const { aibrix } = makeLeg()
    const url = { kind: 'url', url: 'https://git.example/x' } as const
    const leg = {
      ...makeLeg(),
      engine,
      aibrix: { ...aibrix, repository: url },
      ucx: { ...ucxOf(makeLeg()), repository: url },
      extraPackages: ['a'],
      extraFiles: { digest: '6'.repeat(64), size: { files: 1, bytes: 1 } },
    }
    expect(Object.keys(defaults).sort()).toEqual(Object.keys(buildArguments(leg)).sort())
  })

  it.each(['BASE_DIGEST', 'NEWER_THAN'])(
    'runs the steps of the image again for another %s, and those of no other stage',
    (argument) => {
      const stages = dockerfile.split(/^FROM \S+ AS /m).filter((stage) => stage.includes(argument))
      expect(stages).toHaveLength(4)
      for (const [index, name] of [
        'image-before-aibrix',
        'with-aibrix',
        'with-aibrix-and-packages',
        'with-packages-and-files',
      ].entries()) {
        const [before = ''] = stages[index]?.split(/^RUN /m) ?? []
        expect(before).toMatch(new RegExp(`^${name}\\n[^]*^ARG ${argument}=""$`, 'm'))
      }
    },
  )

  it('runs each step as a list, without a shell, and sets no SHELL', () => {
    const runs = [...dockerfile.matchAll(/^RUN ((?:.*\\\n)*.*)$/gm)].map(([, text = '']) => text)
    expect(runs).toHaveLength(16)
    for (const run of runs) {
      const [last = ''] = run.split('\n').slice(-1)
      expect(JSON.parse(last)).toEqual(expect.arrayContaining(['/bin/sh', '/run/image-action/common/run']))
    }
    expect(dockerfile).not.toMatch(/^(?:SHELL|CMD|ENTRYPOINT)\b/m)
  })

  it('has the stages of the design, final last', () => {
    const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name)
    expect(stages).toEqual(
      expect.arrayContaining(['base', 'facts', 'wheel', 'ucx', 'image', 'report', 'final']),
    )
    expect(stages.at(-1)).toBe('final')
  })
})

it('the Dockerfiles differ only in the engine', () => {
  const [vllm, sglang] = engineNames.map((engine) =>
    readDockerfile(engine)
      .replaceAll(engines[engine].title, 'ENGINE')
      .replaceAll(engines[engine].versionArgument, 'VERSION')
      .replaceAll(engines[engine].baseRepository, 'BASE')
      .replaceAll(engines[engine].dockerfile, 'DOCKERFILE')
      .replaceAll(`"${engine}"`, '"ENGINE"')
      .replaceAll(currentRelease(catalogue).engines[engine], 'DEFAULT'),
  )
  expect(vllm).toBe(sglang)
})
