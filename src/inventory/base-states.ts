/** How the base of an image relates to what its tag names now */
export const baseStates = ['current', 'moved', 'gone', 'unknown'] as const

export type BaseState = (typeof baseStates)[number]
