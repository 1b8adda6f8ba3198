import { UserError } from '../errors.ts'
import { type PlanRequest, publicRepository } from '../plan/index.ts'
import {
  apiOrigin,
  formatRepository,
  parseReference,
  type Repository,
  requestedRepository,
} from '../registry/index.ts'
import { boolean, count, entries } from './fields.ts'
import { anyOf, type InputReader, quoted } from './problems.ts'

/** What `command: prune` may delete. */
export type Pruning = {
  /** false: a dry run */
  apply: boolean
  /** Everything younger stays */
  keepDays: number
  /** So many of the newest of each family stay at any age */
  keep: number
  /** Whether what has no date counts as old */
  undated: boolean
  /** Public repositories that are pruned, too */
  publicOnes: readonly Repository[]
}

/** The defaults in action.yml, which a runner passes on as if they were given */
const defaults: Record<string, string> = {
  apply: 'false',
  'keep-days': '30',
  keep: '3',
  undated: 'false',
  'prune-public': '',
}

const ghcr = `${apiOrigin('ghcr.io')}/`

const mostDays = 3650
const mostKept = 1000

/** Any other command would ignore them, which is not what was meant. */
export function refusePruning(reader: InputReader): void {
  for (const [name, byDefault] of Object.entries(defaults)) {
    const value = reader.read(name)
    if (value !== '' && value !== byDefault) reader.refuse(name, 'it only with command: prune')
  }
}

/** Reads the inputs of `command: prune`. @param push whether this run may write */
export function readPruning(reader: InputReader, push: boolean): Pruning {
  const apply = boolean(reader, 'apply') ?? false
  if (apply && !push)
    reader.refuse('apply', 'false, or true where this run may push: not with push: false or a pull request')
  return {
    apply,
    keepDays: count(reader, 'keep-days', mostDays) ?? mostDays,
    keep: count(reader, 'keep', mostKept, 0) ?? mostKept,
    undated: boolean(reader, 'undated') ?? false,
    publicOnes: entries(reader, 'prune-public').flatMap((line) => readName(reader, line)),
  }
}

function readName(reader: InputReader, line: string): Repository[] {
  try {
    const { tag, digest, ...repository } = parseReference(line)
    if (tag === undefined && digest === undefined) return [repository]
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
  reader.refuse(
    'prune-public',
    'a repository such as ghcr.io/acme/vllm-openai, without tag and digest',
    quoted(line),
  )
  return []
}

/** What is refused in `registry`, `namespace` or `engine` is no second mistake here. */
export function refuseForeignPublic(
  reader: InputReader,
  { publicOnes }: Pick<Pruning, 'publicOnes'>,
  request: PlanRequest,
): void {
  if (request.registry === '' || request.engines.length === 0) return
  const own = [
    ...request.engines.map(({ engine }) => publicRepository(request, engine)),
    ...request.mirrors.map(({ repository }) => repository),
  ]
  const left = new Set(own.map(requestedRepository))
  for (const one of publicOnes) {
    const use = `${anyOf(own.map(formatRepository))}, each once`
    if (!left.delete(requestedRepository(one)))
      reader.refuse('prune-public', use, quoted(formatRepository(one)))
  }
}

/** ghcr.io deletes nothing itself, so it is GitHub that must be told who deletes. */
export function refuseWithoutToken(
  reader: InputReader,
  { apply, publicOnes }: Pick<Pruning, 'apply' | 'publicOnes'>,
  { cacheRepository }: Pick<PlanRequest, 'cacheRepository'>,
): void {
  const isPruned = [cacheRepository, ...publicOnes].some((one) => requestedRepository(one).startsWith(ghcr))
  if (apply && isPruned && reader.read('github-token') === '')
    reader.refuse('github-token', 'a token that may delete packages, since GitHub deletes for ghcr.io')
}
