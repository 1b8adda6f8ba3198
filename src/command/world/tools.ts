import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Inputs } from '../../inputs/index.ts'
import { createSources, type FetchSource } from '../../leg/index.ts'
import { createNixlIndex, type NixlIndex } from '../../plan/index.ts'
import type { RegistryClient } from '../../registry/index.ts'
import {
  createGit,
  createPip,
  globalConfiguration,
  readCertificates,
  type RunGit,
  type Workspace,
  writePrivateFile,
} from '../../system/index.ts'
import type { Machine } from './machine.ts'
import { createClient } from './registry-access.ts'

/** Milliseconds for one answer */
const gitTimeout = 120_000
const pipTimeout = 60_000

/** What a command works with. */
export type CommandTools = {
  inputs: Inputs
  machine: Machine
  registry: RegistryClient
  /** Files of the build secrets: id → path */
  secretFiles: ReadonlyMap<string, string>
  /** Folder with the certificates that builds are given */
  certificates: string | undefined
  nixl: NixlIndex
  git: RunGit
  fetchSource: FetchSource
}

/** Opens the tools of a run. The caller closes `registry`. */
export function openTools(inputs: Inputs, machine: Machine, dockerConfig: unknown): CommandTools {
  const { workspace } = machine
  const secretFiles = writeSecretFiles(inputs, workspace)
  const git = openGit(machine, secretFiles)
  return {
    inputs,
    machine,
    registry: createClient(inputs, dockerConfig, machine),
    secretFiles,
    certificates: writeCertificates(inputs, workspace),
    nixl: openNixlIndex(inputs, machine),
    git,
    fetchSource: createSources(git, () => mkdtempSync(join(workspace.root, 'source-'))),
  }
}

export function openGit(
  { environment, signal, retry, workspace }: Pick<Machine, 'environment' | 'signal' | 'retry' | 'workspace'>,
  secretFiles: ReadonlyMap<string, string>,
): RunGit {
  const configuration = writePrivateFile(workspace, 'gitconfig', globalConfiguration(environment))
  const credentials = secretFiles.get('git-credentials')
  return createGit({ environment, signal, retry, configuration, credentials, timeout: gitTimeout })
}

/** @returns NIXL's releases by pip on this runner, which answers each question once */
export function openNixlIndex(
  { packageIndex }: Pick<Inputs, 'packageIndex'>,
  { environment, signal, retry }: Pick<Machine, 'environment' | 'signal' | 'retry'>,
): NixlIndex {
  return createNixlIndex(createPip({ environment, signal, retry, packageIndex, timeout: pipTimeout }))
}

export function writeSecretFiles(inputs: Inputs, workspace: Workspace): Map<string, string> {
  const { secrets, packageIndex } = inputs
  const files = new Map<string, string>()
  const write = (id: string, value: string): void =>
    void files.set(id, writePrivateFile(workspace, `secret-${id}`, value))
  for (const [id, value] of secrets) write(id, value)
  if (packageIndex !== undefined) write('package-index', packageIndex)
  return files
}

/**
 * Writes the certificates of the input, and nothing else, into a folder for builds. BuildKit compares
 * it with those of other runs, so neither the runner's own authorities nor its umask are part of it.
 * @returns undefined without the input
 */
export function writeCertificates(
  { caCertificates }: Pick<Inputs, 'caCertificates'>,
  { root }: Workspace,
): string | undefined {
  if (caCertificates === undefined) return undefined
  const folder = join(root, 'certificates')
  const file = join(folder, 'given.pem')
  mkdirSync(folder)
  chmodSync(folder, 0o755)
  writeFileSync(file, readCertificates(caCertificates))
  chmodSync(file, 0o644)
  return folder
}
