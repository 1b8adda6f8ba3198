import type { PageImage } from '../data.ts'

/**
 * What the gates found in an image. `blocked`: one that would not be published today. `unjudged`: no
 * report. `conditional`: a gate is waived, or the image needs a condition
 */
export type Standing = 'passed' | 'conditional' | 'unjudged' | 'blocked'

export type BaseState = 'current' | 'moved' | 'gone' | 'unknown'

/** @returns that of the worst platform */
export function standingOf({ platforms }: PageImage): Standing {
  if (platforms.some(({ gates }) => gates !== null && gates.blocking.length > 0)) return 'blocked'
  if (platforms.length === 0 || platforms.some(({ gates }) => gates === null)) return 'unjudged'
  const isFree = platforms.every(
    ({ gates, waivers, conditions }) => gates?.waived === 0 && waivers.length + conditions.length === 0,
  )
  return isFree ? 'passed' : 'conditional'
}

const worstFirst = ['gone', 'moved', 'unknown'] as const

/** @returns that of the worst platform */
export function baseStateOf({ platforms }: PageImage): BaseState {
  const states = new Set(platforms.map(({ base }) => base?.state ?? 'unknown'))
  if (states.size === 0) return 'unknown'
  return worstFirst.find((state) => states.has(state)) ?? 'current'
}

/** How a state is shown: by colour (the class), symbol and words */
export type Look = { symbol: string; title: string; tone: 'good' | 'care' | 'moved' | 'bad' | 'plain' }

export const standings: Record<Standing, Look> = {
  passed: { symbol: '✓', title: 'All gates passed', tone: 'good' },
  conditional: { symbol: '!', title: 'Waived, or with conditions', tone: 'care' },
  unjudged: { symbol: '?', title: 'No report', tone: 'plain' },
  blocked: { symbol: '✕', title: 'A gate blocks', tone: 'bad' },
}

export const baseStates: Record<BaseState, Look> = {
  current: { symbol: '✓', title: 'Current', tone: 'good' },
  moved: { symbol: '↻', title: 'Moved', tone: 'moved' },
  gone: { symbol: '✕', title: 'Gone', tone: 'bad' },
  unknown: { symbol: '?', title: 'Unknown', tone: 'plain' },
}

/** @returns the standing in words: `1 waived, 2 conditions` */
export function standingText(image: PageImage): string {
  const standing = standingOf(image)
  const { platforms } = image
  const most = (count: (platform: PageImage['platforms'][number]) => number): number =>
    Math.max(0, ...platforms.map(count))
  if (standing === 'blocked') return `${most(({ gates }) => gates?.blocking.length ?? 0)} blocking`
  if (standing === 'passed') return 'All passed'
  if (standing === 'unjudged') return standings.unjudged.title
  const waived = most(({ gates, waivers }) => Math.max(gates?.waived ?? 0, waivers.length))
  const conditions = most((platform) => platform.conditions.length)
  return [
    ...(waived > 0 ? [`${waived} waived`] : []),
    ...(conditions > 0 ? [`${conditions} ${conditions === 1 ? 'condition' : 'conditions'}`] : []),
  ].join(', ')
}
