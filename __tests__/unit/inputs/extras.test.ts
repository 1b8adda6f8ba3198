import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { UserError } from '../../../src/errors.ts'
import { readInputs } from '../../../src/inputs/inputs.ts'
import { partsOfRequirement } from '../../../src/plan/keys/extras.ts'
import { type FolderContent, type FolderEntry, folderDigest } from '../../../src/system/folder.ts'
import { actionDefaults } from '../../../script/action-defaults.ts'

const file = (path: string, changes: Partial<FolderEntry> = {}): FolderEntry => ({
  path,
  kind: 'file',
  mode: '644',
  content: 'a'.repeat(64),
  bytes: 10,
  ...changes,
})
const none: FolderContent = { entries: [], strange: [], setId: [], unreadable: [] }

function read(given: Record<string, string>, content?: Partial<FolderContent>) {
  const values: Record<string, string> = { ...actionDefaults(), ...given }
  return readInputs((name) => values[name] ?? '', {
    event: { name: 'schedule', ref: '', repositoryUrl: '', tag: undefined },
    now: new Date('2025-11-23T23:59:59Z'),
    fileExists: () => true,
    readFolder: () => content && { ...none, ...content },
  })
}

function complaint(given: Record<string, string>, content?: Partial<FolderContent>): string {
  try {
    read(given, content)
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
  return ''
}

describe('extra-packages', () => {
  const packages = (text: string) => read({ 'extra-packages': text }).plan.extraPackages

  it.each<[string, string[]]>([
    ['', []],
    ['vllm-omni==0.30.0', ['vllm-omni==0.30.0']],
    ['b\n\n a >= 1 , < 2 \n', ['a>=1,<2', 'b']],
    ['Vllm_Omni[Demo, local] ~= 0.30', ['vllm-omni[Demo,local]~=0.30']],
    ['a (>=1)', ['a>=1']],
    ['# a comment\na==1.* # another', ['a==1.*']],
    [
      `a==1.0+cu130;  python_version >= "3.12"  and sys_platform == 'linux'`,
      [`a==1.0+cu130; python_version >= "3.12" and sys_platform == 'linux'`],
    ],
    [
      `a; (os_name=="posix" or 'arm' not in platform_machine) and python_version in "3.11 and 3.12"`,
      [`a; (os_name=="posix" or 'arm' not in platform_machine) and python_version in "3.11 and 3.12"`],
    ],
    [`a${' '.repeat(1000)}>=1`, ['a>=1']],
  ])('%j are %j', (text, expected) => {
    expect(packages(text)).toEqual(expected)
  })

  it.each([
    '--index-url https://host/simple',
    '-r requirements.txt',
    './vllm_omni-0.30.0-py3-none-any.whl',
    'a @ https://host/a.whl',
    'git+https://host/a.git',
    'a==1 --hash=sha256:00',
    'a=1',
    'a 1.0',
    'a>=1;',
    'a>=one',
    'a[b',
    'a\u0007==1',
    '==1',
    'a; python_version > 3.8',
    'a; banana == "1"',
    'a; os_name == "posix" and',
    'a; (os_name == "posix"',
    'a; 1',
    `a${' '.repeat(1000)};;`,
  ])('%j is no requirement', (text) => {
    expect(complaint({ 'extra-packages': text })).toMatch(
      /^extra-packages: ".*" is not allowed; use one name with versions/,
    )
  })

  it.each([
    ['torch==2.9', "the base's own engine and torch stay"],
    ['vllm', "the base's own engine and torch stay"],
    ['NIXL_cu13', 'nixl-version for NIXL'],
    ['aibrix.kvcache>=0.7', 'aibrix-version for AIBrix'],
    ['a\nA==1', 'each package once'],
  ])('%j has a place of its own', (text, expected) => {
    expect(complaint({ 'extra-packages': text })).toContain(expected)
  })

  it('are limited to what one build argument takes', () => {
    expect(complaint({ 'extra-packages': `a==${'1'.repeat(5000)}` })).toContain('use at most 4096 characters')
  })

  it('are refused all at once, without a password', () => {
    const text = complaint({ 'extra-packages': '-x\na @ https://me:hunter2@host/a.whl\ntorch' })
    expect(text.split('\n')).toHaveLength(4)
    expect(text).not.toContain('hunter2')
  })

  it('are one line each, by which the same name is found again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const error = complaint({ 'extra-packages': text })
        if (error !== '') return
        for (const line of packages(text)) {
          expect(line).not.toMatch(/[\p{Cc}\p{Zl}]/u)
          expect(partsOfRequirement(line).name).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
        }
      }),
    )
  })
})

describe('extra-files', () => {
  const given = { 'extra-files': 'files' }

  it('are planned by their digest, and the folder is no part of the plan', () => {
    const entries = [file('opt/acme/a'), file('opt/acme/b', { bytes: 5 })]
    const inputs = read(given, { entries })
    expect(inputs.plan.extraFiles).toEqual({ digest: folderDigest(entries), size: { files: 2, bytes: 15 } })
    expect(inputs.extraFolder).toBe('files')
  })

  it.each(['/', '//', '/tmp/..'])('are not all files of the runner: %s', (folder) => {
    expect(complaint({ 'extra-files': folder }, { entries: [file('a')] })).toContain(
      'use the path of a folder on the runner',
    )
  })

  it('are not read by a command that builds nothing', () => {
    expect(read({ ...given, command: 'list' }).plan.extraFiles).toBeNull()
  })

  it.each<[string, Partial<FolderContent> | undefined, string]>([
    ['no folder', undefined, '"files" is not allowed; use the path of a folder'],
    ['an empty one', {}, 'an empty folder is not allowed'],
    [
      'a socket',
      { entries: [file('a')], strange: ['s'] },
      '"s" is not allowed; use files, links and folders alone',
    ],
    ['a set-id bit', { entries: [file('a')], setId: ['a'] }, 'use files without set-user-ID'],
    ['what may not be read', { unreadable: ['a'] }, '"a" is not allowed; use what this user may read'],
    ['a name that is not UTF-8', { unreadable: ['\ufffd'] }, 'use names without control and invisible'],
    ...['usr/bin/.wh.bash', '.wh.usr', 'opt/.wh..wh..opq', 'opt/.wh.x/y'].map(
      (path) =>
        [path, { entries: [file(path)] }, 'use names that do not begin with .wh.'] as [
          string,
          Partial<FolderContent>,
          string,
        ],
    ),
    ['a line break', { entries: [file('a\nb')] }, '"a\\nb" is not allowed; use names without control'],
    ['no UTF-8', { entries: [file('\ufffd')] }, 'use names without control and invisible characters'],
    ['a mark that reorders text', { entries: [file('a\u202eb')] }, 'use names without control'],
    ['a .dockerignore', { entries: [file('.dockerignore')] }, 'use a folder without this file at its top'],
    [
      'too many',
      { entries: Array.from({ length: 10_001 }, (_, index) => file(`f${index}`)) },
      'use at most 10000',
    ],
    ...['proc/x', 'run/a', 'tmp/a/b', 'etc/hosts', 'opt/aibrix/integration.json', 'var/log/x'].map(
      (path) =>
        [path, { entries: [file(path)] }, `"${path}" is not allowed; use other places`] as [
          string,
          Partial<FolderContent>,
          string,
        ],
    ),
  ])('with %s are refused', (_, content, expected) => {
    expect(complaint(given, content)).toContain(expected)
  })

  it.each([
    'etc/hosts.allow',
    'opt/aibrix-more',
    'runs/x',
    'a/.dockerignore',
    'srv/ü 🚀',
    'usr/lib/tmp/x',
    'a.wh.b/.white',
  ])('may have %s', (path) => {
    expect(complaint(given, { entries: [file(path)] })).toBe('')
  })

  it('are refused with all reasons at once, beside those of other inputs', () => {
    const text = complaint(
      { ...given, 'extra-packages': '-r x' },
      { entries: [file('proc/x'), file('.dockerignore')], strange: ['s'], setId: ['proc/x'] },
    )
    expect(text.split('\n')).toHaveLength(5)
  })
})
