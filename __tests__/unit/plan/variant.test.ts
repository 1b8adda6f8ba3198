import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { type Claim, claimsOf } from '../../../src/plan/versions/variant.ts'

const shown = (claim: Claim): string => {
  switch (claim.kind) {
    case 'CUDA':
      return `CUDA ${claim.release}`
    case 'architecture':
      return claim.architecture
    case 'distribution':
      return `${claim.id} ${claim.digits}`
  }
}

describe('the claims of a tag', () => {
  it.each([
    ['v0.21.0', []],
    ['v0.21.0-cu129', ['CUDA 12.9']],
    ['v0.5.5-cu12', ['CUDA 12']],
    ['v0.5.5-cu13', ['CUDA 13']],
    ['v9.0.0-cu1310', ['CUDA 13.10']],
    ['v0.21.0-cu1281', ['CUDA 12.8']],
    ['v0.21.0-cuda1290', ['CUDA 12.9']],
    ['v0.21.0-acme.cu129', ['CUDA 12.9']],
    ['v0.21.0-acme.x64.ubuntu2404', ['amd64', 'ubuntu 2404']],
    ['v0.21.0-cu129cudnn9', ['CUDA 12.9']],
    ['v0.21.0-cuda12-8', ['CUDA 12.8']],
    ['v0.21.0_cuda_12_8-acme', ['CUDA 12.8']],
    ['v0.21.0-arm64v8', ['arm64']],
    ['v0.21.0-amd64v3', ['amd64']],
    ['v0.21.0-CU130', ['CUDA 13.0']],
    ['v0.21.0-cuda12.9', ['CUDA 12.9']],
    ['v0.20.0-cu129-ubuntu2404', ['CUDA 12.9', 'ubuntu 2404']],
    ['v0.20.0-x86_64-cu129', ['amd64', 'CUDA 12.9']],
    ['v0.31.0-x86_64-zstd', ['amd64']],
    ['v0.5.5.post3-cu129-amd64', ['CUDA 12.9', 'amd64']],
    ['v0.21.0-aarch64', ['arm64']],
    ['v0.21.0-arm64', ['arm64']],
    ['v0.21.0-ubuntu22.04', ['ubuntu 2204']],
    ['v0.21.0-debian12', ['debian 12']],
    ['v0.21.0-ubi9', ['rhel 9']],
    ['v0.21.0-rockylinux9.4', ['rocky 94']],
    ['v0.5.0-rc.1-cu129', ['CUDA 12.9']],
    ['v0.21.0-acme-cu129', ['CUDA 12.9']],
    ['v0.21.0_cu129', ['CUDA 12.9']],
    ['v0.21.0_cu12.9_x86_64', ['CUDA 12.9', 'amd64']],
    ['v0.21.0-cuda-12.9', ['CUDA 12.9']],
    ['v0.21.0-cuda_12.9-acme', ['CUDA 12.9']],
    ['v0.21.0-cuda-129', ['CUDA 12.9']],
    ['v0.21.0-cuda-13-ubuntu-24.04', ['CUDA 13', 'ubuntu 2404']],
    ['v0.21.0-cuda12.9.1-cudnn9-devel', ['CUDA 12.9']],
    ['v0.21.0-cuda-12.9.1', ['CUDA 12.9']],
    ['v0.21.0-cu129-x86-64', ['CUDA 12.9', 'amd64']],
    ['v0.21.0_Acme_AARCH64', ['arm64']],
    ['v0.21.0-acme-ubuntu_2204', ['ubuntu 2204']],
    ['v0.21.0-debian-12', ['debian 12']],
    ['v0.21.0-rocky-9.4', ['rocky 94']],
    ['qwen38-x86_64-cu130', ['amd64', 'CUDA 13.0']],
  ])('%s: %j', (tag, claims) => {
    expect(claimsOf(tag).map(shown)).toEqual(claims)
  })

  it.each(
    'efa zstd runtime post1 rc1 b200 gb200 mi30x rocm700 xeon cu cuda cudnn9 cu9 ubuntu debian v2 h100 sm90 1 20251123 xcu129 cu129x constructor toString1 cuda-1 cuda-20251123 cuda-12x cu-9 ubuntu-1 x86 x86_640 86_64 cu1299999'.split(
      ' ',
    ),
  )('is nothing by -%s', (part) => {
    expect(claimsOf(`v0.21.0-${part}`)).toEqual([])
  })

  it.each([
    ['v0.21.0-cuda-12.9-ubuntu_24.04', ['cuda-12.9', 'ubuntu_24.04']],
    ['v0.21.0_CU129_X86-64', ['CU129', 'X86-64']],
  ])('are spelled as in %s', (tag, parts) => {
    expect(claimsOf(tag).map(({ part }) => part)).toEqual(parts)
  })

  it('is read from any text, in its order, without much work', () => {
    const piece = fc.constantFrom(
      'x86',
      '_',
      '-',
      '64',
      'cuda',
      'cu',
      '12',
      '.',
      '9',
      'ubuntu',
      '\u0000',
      'é',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(piece, { maxLength: 2000 }).map((some) => some.join('')),
    )
    fc.assert(
      fc.property(text, (tag) => {
        const began = process.cpuUsage()
        const claims = claimsOf(tag)
        expect(process.cpuUsage(began).user).toBeLessThan(100_000)
        let place = 0
        for (const { part } of claims) {
          place = tag.indexOf(part, place)
          expect(place).not.toBe(-1)
        }
      }),
      { numRuns: 300 },
    )
  })

  it.each(['vllm', 'sglang'])('is read from every tag of %s', (engine) => {
    const tags = readFileSync(`__tests__/fixtures/tags/${engine}.txt`, 'utf8').trim().split('\n')
    const parts = new Set(tags.flatMap((tag) => claimsOf(tag).map(({ part }) => part)))
    const named = tags.flatMap((tag) =>
      tag.split('-').filter((part) => /^(?:cu\d|ubuntu|x86_64|a\w+64)/.test(part)),
    )
    expect([...parts].toSorted()).toEqual([...new Set(named)].toSorted())
  })
})
