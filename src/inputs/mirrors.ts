import { UserError } from '../errors.ts'
import { type Engine, engineNames, engines as products, type Mirror } from '../plan/index.ts'
import { parseReference, type Repository, requestedRepository } from '../registry/index.ts'
import { entries } from './fields.ts'
import { anyOf, type InputReader, quoted } from './problems.ts'
import { isHostMeant, withPort } from './registries.ts'

/** Repositories that this run writes anyway, and the engines whose images it publishes. */
type Given = {
  engines: readonly Engine[]
  registry: string
  namespace: string
  cacheRepository: Repository
}

const forms = 'a repository such as ghcr.io/acme/vllm-openai, without tag and digest'

/** `vllm: ghcr.io/acme/images`; what follows in `vllm:5000/images` is a port */
const engineLine = new RegExp(`^(${engineNames.join('|')})\\s*:(?!\\d+/)\\s*(.*)$`)

/**
 * Reads `mirrors`: repositories in lines or separated by `;`. A line, or else the last part of its
 * path, tells the engine; of a run with one engine, others are that engine's. A line of an engine
 * that the run does not have is read, so that one list fits every choice of `engine`.
 */
export function readMirrors(reader: InputReader, given: Given): Mirror[] {
  // These commands take the repositories of a plan.
  const isOfPlan = ['build', 'promote'].includes(reader.read('command'))
  const uses = isOfPlan ? new Map<string, string>() : ownRepositories(given)
  return entries(reader, 'mirrors').flatMap((line) => {
    const mirror = readMirror(reader, line, given)
    if (!mirror) return []
    const name = requestedRepository(mirror.repository)
    const use = uses.get(name)
    uses.set(name, 'each repository once')
    if (use === undefined) return [mirror]
    reader.refuse('mirrors', use, quoted(line))
    return []
  })
}

/** @returns where a repository is → what to use instead of it */
function ownRepositories({ registry, namespace, cacheRepository }: Given): Map<string, string> {
  const publicOnes = engineNames.map((engine) => ({
    registry,
    path: `${namespace}/${products[engine].publicName}`,
  }))
  const uses = [
    ...publicOnes.map((one) => [one, 'other repositories than those that the images are in anyway'] as const),
    [cacheRepository, 'another repository than cache-repository'] as const,
  ]
  // A registry that was refused is empty.
  const known = uses.filter(([one]) => one.registry !== '')
  return new Map(known.map(([one, use]) => [requestedRepository(one), use]))
}

/** @returns undefined if it was refused */
function readMirror(reader: InputReader, line: string, { engines, registry }: Given): Mirror | undefined {
  const [, named, rest = ''] = engineLine.exec(line) ?? []
  const text = named === undefined ? line : rest
  const repository = readName(reader, text, registry)
  if (!repository) return undefined
  const last = repository.path.replace(/.*\//, '')
  const [only, ...others] = engines
  const engine =
    engineNames.find((name) => name === named) ??
    engineNames.find((name) => products[name].publicName === last) ??
    (others.length === 0 ? only : undefined)
  if (engine) return { engine, repository }
  const lines = engineNames.map((name) => `"${name}: ${text}"`)
  return reader.refuse('mirrors', `${anyOf(lines)}, since "engine" has several`, quoted(line))
}

function readName(reader: InputReader, text: string, registry: string): Repository | undefined {
  try {
    const { tag, digest, ...repository } = parseReference(text)
    if (isHostMeant(text, repository, registry))
      return reader.refuse('mirrors', `a name with its registry, ${withPort(text)}`, quoted(text))
    if (tag === undefined && digest === undefined && text.includes('/')) return repository
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
  return reader.refuse('mirrors', forms, quoted(text))
}
