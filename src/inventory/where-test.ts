import { rangeTest, releasePart } from '../plan/index.ts'
import { formatPlatform, parsePlatform } from '../registry/index.ts'
import type { ListedImage, ListedPlatform } from './inventory.ts'
import type { Term, Where } from './where.ts'

/** An image on one platform; `platform` is undefined for what has none, which is no image. */
type Subject = { image: ListedImage; platform: ListedPlatform | undefined }
type Test = (subject: Subject) => boolean

/**
 * @returns tests whether an image is listed: one of its platforms must fulfil all terms. Versions are
 *   compared as in selectors: by PEP 440, `0.7` is every 0.7.x, and a pre-release is in a range only
 *   if the range names one of the same release
 */
export async function testOf({ terms }: Where): Promise<(image: ListedImage) => boolean> {
  const tests = await Promise.all(terms.map(testOfTerm))
  return (image) => {
    const platforms = image.platforms.length === 0 ? [undefined] : image.platforms
    return platforms.some((platform) => tests.every((test) => test({ image, platform })))
  }
}

async function testOfTerm(term: Term): Promise<Test> {
  switch (term.kind) {
    case 'version':
      return versionTest(term)
    case 'date':
      return dateTest(term)
    case 'text': {
      const isEqual = textTest(term)
      return term.operator === '=' ? isEqual : (subject) => !isEqual(subject)
    }
  }
}

async function versionTest({
  component,
  operator,
  version,
}: Extract<Term, { kind: 'version' }>): Promise<Test> {
  const isUnequal = operator === '!='
  const isIn = await rangeTest(`${isUnequal ? '=' : operator}${version}`)
  return ({ platform }) => {
    const measured = releasePart(platform?.components[component] ?? '')
    return measured === undefined ? isUnequal : isIn(measured) !== isUnequal
  }
}

const order = {
  '=': (left: string, right: string) => left === right,
  '!=': (left: string, right: string) => left !== right,
  '<': (left: string, right: string) => left < right,
  '<=': (left: string, right: string) => left <= right,
  '>': (left: string, right: string) => left > right,
  '>=': (left: string, right: string) => left >= right,
}

function dateTest({ operator, day }: Extract<Term, { kind: 'date' }>): Test {
  return ({ image: { created } }) =>
    created === null ? operator === '!=' : order[operator](created.slice(0, 10).replaceAll('-', ''), day)
}

function textTest({ field, value }: Extract<Term, { kind: 'text' }>): Test {
  switch (field) {
    case 'engine':
      return ({ image }) => image.engine === value
    case 'tag':
      return ({ image }) => image.tags.includes(value)
    case 'base':
      return ({ platform }) => platform?.base?.state === value
    case 'platform': {
      const wanted = formatPlatform(parsePlatform(value))
      return ({ platform }) => platform?.platform === wanted
    }
    case 'condition':
      return ({ platform }) => (platform?.conditions ?? []).some((one) => isCondition(one, value))
    case 'waived':
      return ({ platform }) => isWaived(platform?.waivers ?? [], value)
  }
}

/** `VLLM_USE_V2_MODEL_RUNNER=0` by its whole text or by its name, `ucx-tools: none` by its name */
function isCondition(condition: string, value: string): boolean {
  return condition === value || condition.split(/[=:]/, 1)[0] === value
}

function isWaived(waivers: ListedPlatform['waivers'], value: string): boolean {
  if (value === 'yes' || value === 'no') return waivers.length > 0 === (value === 'yes')
  return waivers.some(({ gate }) => gate === value)
}
