import { expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeAuthority } from '../support/authority.ts'
import { useStandIns } from '../support/stand-in-inputs.ts'

const minutes = 60_000
const world = useStandIns()

/** Asynchronous, because this process serves the package index. */
async function docker(...args: string[]): Promise<string> {
  return (await promisify(execFile)('docker', args)).stdout
}

/**
 * Puts the package index behind https, with an unknown authority. @returns the options of a build
 * that trusts it
 */
async function openIndex(): Promise<{ options: string[]; close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'index-'))
  const authority = makeAuthority(mkdtempSync(join(tmpdir(), 'authority-')))
  const url = new URL(world().inputs()['package-index'] ?? '')
  const door = await authority.before(url.host)
  writeFileSync(join(folder, 'url'), Object.assign(url, { protocol: 'https:', host: door.host }).href)
  const certificates = mkdtempSync(join(tmpdir(), 'certificates-'))
  cpSync(authority.file, join(certificates, 'company.crt'))
  const options = ['--secret', `id=package-index,src=${join(folder, 'url')}`]
  return { options: [...options, '--build-context', `certificates=${certificates}/`], close: door.close }
}

it.each([
  ['Dockerfile.vllm', 'VLLM_VERSION=v0.10.2', 'vllm/vllm-openai:v0.10.2'],
  ['Dockerfile.sglang', 'SGLANG_VERSION=v0.5.5.post3', 'lmsysorg/sglang:v0.5.5.post3'],
])(
  'docker build -f %s with the documented command builds a working image without our scripts',
  async (dockerfile, version, base) => {
    const index = await openIndex()
    const image = `plain-build:${dockerfile.toLowerCase()}`
    const documented = [
      '--build-arg',
      version,
      '--build-arg',
      'AIBRIX_BRANCH=v0.5.0',
      '--build-arg',
      'NIXL_VERSION=0.7.1',
    ]
    const standIns = [
      ...[
        '--build-arg',
        `BASE_IMAGE=${world().standIns.baseRegistries.published ?? ''}/${base}`,
        '--network',
        'host',
      ],
      ...[
        '--build-context',
        `aibrix-source=${world().standIns.aibrix}/`,
        '--build-context',
        `ucx-source=${world().standIns.ucx}/`,
      ],
      ...index.options,
    ]
    await docker(
      'build',
      '--quiet',
      '-f',
      `dockerfiles/${dockerfile}`,
      ...documented,
      ...standIns,
      '-t',
      image,
      'dockerfiles',
    ).finally(index.close)
    const inside = (script: string) => docker('run', '--rm', '--entrypoint', 'sh', image, '-c', script)
    expect(await inside('ucx_info -v')).toContain('Library version: 1.19.0')
    expect(await inside("python3 -c 'import torch, aibrix_kvcache._aibrix_C as c; print(c.__name__)'")).toBe(
      'aibrix_kvcache._aibrix_C\n',
    )
    expect(await inside('find / -xdev -path /proc -prune -o -name "*image-action*" -print')).toBe('')
    await docker('image', 'rm', image)
  },
  5 * minutes,
)
