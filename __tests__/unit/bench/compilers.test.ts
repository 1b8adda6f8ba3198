import { expect, it } from '@jest/globals'
import { isCompiling, type Process } from '../../../script/bench-compilers.ts'

const process = (pid: number, parent: number, name: string, ...words: string[]): Process => ({
  pid,
  parent,
  name,
  arguments: words,
})

const engine = 10
const wheel = [
  process(engine, 1, 'dockerd'),
  process(11, engine, 'runc', 'runc', 'run'),
  process(12, 11, 'python3', 'python3', '-B', '/run/image-action/common', 'build-wheel'),
]
const ucx = [
  process(21, engine, 'runc', 'runc', 'run'),
  process(22, 21, 'python3', 'python3', '-B', '/run/image-action/common', 'build-ucx'),
]

it.each<[string, boolean, Process[]]>([
  ['nvcc of the wheel', true, [...wheel, process(13, 12, 'nvcc', 'nvcc', '-c')]],
  ['ld of the wheel', true, [...wheel, process(13, 12, 'ld', 'ld')]],
  ['only the wheel’s pip', false, [...wheel, process(13, 12, 'python3', 'python3', '-m', 'pip')]],
  ['make of UCX', true, [...wheel, ...ucx, process(23, 22, 'make', 'make', '-s', '-j2')]],
  ['make install of UCX', false, [...ucx, process(23, 22, 'make', 'make', '-s', 'install')]],
  ['ld of UCX’s configure', false, [...ucx, process(23, 22, 'sh'), process(24, 23, 'ld', 'ld')]],
  ['nvcc of another engine', false, [...wheel, process(99, 98, 'nvcc', 'nvcc')]],
  ['an ldconfig', false, [...wheel, process(13, 12, 'ldconfig', 'ldconfig')]],
])('while there is %s, compilers run: %s', (_, expected, processes) => {
  expect(isCompiling(processes, engine)).toBe(expected)
})
