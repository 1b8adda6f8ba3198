import { describe, expect, it } from '@jest/globals'
import type { GpuFacts, Probed, ProbeName } from '../../../src/verify/gpu/gpu-facts.ts'
import { gpuGates, judgeGpu } from '../../../src/verify/gpu/judge-gpu.ts'
import { makeFacts, makeLeg } from '../../support/verified-leg.ts'

type Answer<Name extends ProbeName> = NonNullable<Extract<Probed<Name>, { state: 'ran' }>['answer']>

const device = { name: 'NVIDIA H100', capability: '9.0', count: 1 }
const done = { step: 'end', lacks: null, device }
const same = (what: string) => ({ what, differs: null })
const answers: { [Name in ProbeName]: Answer<Name> } = {
  engine: { ...done, platform: 'cuda', compared: [same('torch matmul'), same('RMS norm of vllm')] },
  cacheOperator: { ...done, compared: [same('reshape_and_cache_multi_layer LCND')] },
  nixlTransfer: { ...done, between: 'cuda:0 to cuda:0', plugins: ['UCX'], state: 'DONE', differs: null },
  ucx: { ...done, device: null, transports: ['cma', 'cuda_copy', 'tcp'] },
}
const gateOf: Record<ProbeName, string> = {
  engine: 'gpu-engine',
  cacheOperator: 'gpu-cache-operator',
  nixlTransfer: 'gpu-nixl-transfer',
  ucx: 'gpu-ucx',
}
const ok = { outcome: 'ok' } as const

function ran<Name extends ProbeName>(name: Name, changes: Partial<Answer<Name>> = {}): Probed<Name> {
  return { state: 'ran', answer: { ...answers[name], ...changes }, process: ok }
}

function probed(changes: Partial<GpuFacts> = {}): GpuFacts {
  const [engine, cacheOperator] = [ran('engine'), ran('cacheOperator')]
  return { engine, cacheOperator, nixlTransfer: ran('nixlTransfer'), ucx: ran('ucx'), ...changes }
}

function gatesOf(gpu: GpuFacts | undefined, facts = makeFacts()) {
  return judgeGpu(makeLeg(), facts, gpu)
}

const names: ProbeName[] = ['engine', 'cacheOperator', 'nixlTransfer', 'ucx']

describe('the gates on a GPU', () => {
  it('pass if each probe came to its end', () => {
    const gates = gatesOf(probed())
    expect(gates.map(({ name, state }) => [name, state])).toEqual(gpuGates.map((name) => [name, 'pass']))
    expect(gates.map(({ actual }) => actual)).toEqual([
      'NVIDIA H100 (9.0): torch matmul, RMS norm of vllm',
      'NVIDIA H100 (9.0): reshape_and_cache_multi_layer LCND',
      'NVIDIA H100 (9.0): DONE from cuda:0 to cuda:0',
      'transports cma, cuda_copy, tcp',
    ])
  })

  it('do not apply without gpus', () => {
    for (const gate of gatesOf(undefined)) expect(gate.state).toBe('not applicable')
  })

  it.each(names)('are undetermined where the container of %s did not start', (name) => {
    const gates = gatesOf(probed({ [name]: { state: 'not started', why: 'no driver' } }))
    const gate = gates.find((one) => one.name === gateOf[name])
    expect(gate).toMatchObject({ state: 'undetermined', hint: expect.stringContaining('no driver') })
  })

  it.each(names)('are undetermined where %s lacks an interface, or gives no answer', (name) => {
    const lacking = gatesOf(probed({ [name]: ran(name, { lacks: 'torch.ops.x' }) }))
    const silent = gatesOf(probed({ [name]: { state: 'ran', answer: undefined, process: ok } }))
    for (const gates of [lacking, silent])
      expect(gates.find((one) => one.name === gateOf[name])?.state).toBe('undetermined')
  })

  it.each(names)('fail where the process of %s fails or ends early', (name) => {
    const failed = {
      ...ran(name, { step: 'torch' }),
      process: { outcome: 'error', error: 'killed by SIGSEGV' },
    }
    const early = ran(name, { step: 'torch' })
    for (const [one, hint] of [
      [failed, 'It fails while torch looks for a GPU: killed by SIGSEGV'],
      [early, 'Its process ends without an error while torch looks for a GPU'],
    ] as const) {
      const gate = gatesOf(probed({ [name]: one })).find((each) => each.name === gateOf[name])
      expect(gate).toMatchObject({ state: 'fail', hint: expect.stringContaining(hint) })
    }
  })

  it.each<[string, Partial<GpuFacts>, string]>([
    [
      'an engine that chooses the CPU',
      { engine: ran('engine', { platform: 'cpu' }) },
      'chooses the device "cpu" and not cuda',
    ],
    [
      'another product',
      { engine: ran('engine', { compared: [{ what: 'torch matmul', differs: { count: 2, first: 7 } }] }) },
      'torch matmul: 2 values differ from the reference, the first at 7',
    ],
    [
      'an operator that writes elsewhere',
      {
        cacheOperator: ran('cacheOperator', { compared: [{ what: 'it', differs: { count: 1, first: 0 } }] }),
      },
      'it: 1 values differ',
    ],
    ['a NIXL without UCX', { nixlTransfer: ran('nixlTransfer', { plugins: ['GDS'] }) }, 'only GDS'],
    ['a transfer that fails', { nixlTransfer: ran('nixlTransfer', { state: 'ERR' }) }, 'with ERR'],
    [
      'bytes that change',
      { nixlTransfer: ran('nixlTransfer', { differs: { count: 3, first: 5 } }) },
      '3 bytes arrive changed, the first at offset 5',
    ],
    ['UCX without a GPU', { ucx: ran('ucx', { transports: ['tcp'] }) }, 'lists no cuda_copy'],
  ])('fail for %s', (_, change, hint) => {
    const failed = gatesOf(probed(change)).filter(({ state }) => state !== 'pass')
    expect(failed).toMatchObject([{ state: 'fail', hint: expect.stringContaining(hint) }])
  })

  it('say nothing of what the image does not have', () => {
    const facts = makeFacts()
    Object.assign(facts.image, { aibrix: null, ucxTools: null, nixl: { distributions: {}, modules: [] } })
    expect(gatesOf(probed(), facts).map(({ state }) => state)).toEqual([
      'pass',
      'follows',
      'follows',
      'not applicable',
    ])
  })
})
