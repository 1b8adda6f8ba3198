import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { registry } from './action.ts'

type Wheel = { version: string; requires?: string[]; files?: Record<string, string> }

/** Packages of a user: what one needs, what overwrites a file of the engine, what needs another version. */
const wheels: Record<string, Wheel> = {
  'acme-tools': { version: '1.2.0', requires: ['acme-core>=1'] },
  'acme-core': { version: '1.0' },
  'acme-greedy': { version: '1.0', files: { 'vllm/v1/__init__.py': '# greedy\n' } },
  'acme-old': { version: '1.0', requires: ['stand-in-dependency==2.0.0'] },
}

/** Returns a package index with the packages of a user beside those of another one. */
export function indexWithOwnPackages(other: string): string {
  const index = mkdtempSync(join(tmpdir(), 'own-index-'))
  cpSync(other, index, { recursive: true })
  for (const [name, { version, requires = [], files = {} }] of Object.entries(wheels)) {
    const tree = folderWith({ [`${name.replace('-', '_')}/__init__.py`]: [`VERSION = "${version}"\n`] })
    for (const [path, content] of Object.entries(files)) put(tree, path, content)
    const needs = requires.flatMap((one) => ['--requires', one])
    execFileSync('python3', ['stand-ins/pack.py', tree, join(index, 'simple', name), name, version, ...needs])
  }
  return index
}

/** Returns a new folder with these files. */
export function folderWith(files: Record<string, [content: string, mode?: number]>): string {
  const folder = mkdtempSync(join(tmpdir(), 'own-files-'))
  for (const [path, [content, mode = 0o644]] of Object.entries(files)) put(folder, path, content, mode)
  return folder
}

function put(folder: string, path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
  chmodSync(join(folder, path), mode)
}

/** Returns a folder with a program, a link to it, and an empty folder. */
export function ownFiles(): string {
  const folder = folderWith({
    'opt/acme/run': ['#!/bin/sh\necho acme\n', 0o755],
    'opt/acme/ü.txt': ['x', 0o600],
  })
  symlinkSync('run', join(folder, 'opt/acme/link'))
  mkdirSync(join(folder, 'srv/acme'), { recursive: true })
  return folder
}

/** Publishes vLLM 0.21.0 as somebody's own image, which names the engine's commit. @returns its name */
export function publishOwnBase(namespace: string, commit: string): string {
  const name = `${registry}/${namespace}/own/vllm-of-acme:v1`
  const dockerfile = [
    `FROM ${registry}/stand-in/vllm/vllm-openai:v0.21.0`,
    'RUN touch /acme-was-here',
    `LABEL ai.vllm.build.commit=${commit} org.opencontainers.image.revision=acme`,
  ]
  const output = `type=image,name=${name},push=true`
  const args = ['buildx', 'build', '--quiet', '--provenance=false', `--output=${output}`, '-']
  execFileSync('docker', args, { input: dockerfile.join('\n'), stdio: ['pipe', 'pipe', 'pipe'] })
  return name
}
