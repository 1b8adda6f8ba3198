import type { DefinedGroup, DefinedInput, Definition } from './definition.ts'

/** Commands that only a terminal has. */
export const ownCommands = [
  { name: 'help', about: 'show the options of a command: help plan' },
  { name: 'completion', about: 'print a completion script for bash or zsh' },
] as const

/** What action.yml does not explain about a command. */
const unexplained: Readonly<Record<string, string>> = { plan: 'what has to be built, and what exists' }

/** @returns the commands with a phrase each */
export function commandsOf({ commands }: Definition): { name: string; about: string }[] {
  return commands.map(({ name, about }) => ({
    name,
    about: about === '' ? (unexplained[name] ?? '') : about,
  }))
}

const build = ['run', 'build']
const plan = ['run', 'plan']
const judge = ['run', 'build', 'promote', 'tag', 'verify']
const everywhere = ['run', 'plan', 'build', 'promote', 'list', 'tag', 'verify', 'prune']
const none: string[] = []

/**
 * Which commands the inputs below a heading of action.yml are for, and which ones those are for that
 * differ. This is for the help and the completion only: each command takes all options. A heading, an
 * input or a command that is not named here has no limits.
 */
const usedBy: Readonly<Record<string, { commands: string[]; but: Record<string, string[]> }>> = {
  'Which part of the work': { commands: none, but: {} },
  'What is built': {
    commands: plan,
    but: {
      engine: [...plan, 'list', 'tag', 'verify', 'prune'],
      versions: [...plan, 'verify'],
      'aibrix-version': [...plan, 'verify'],
      'nixl-version': [...plan, 'verify'],
      platforms: [...plan, 'verify'],
      'extra-files': [...plan, 'build'],
      'aibrix-repository': [...plan, 'list'],
      force: [...plan, 'build'],
      'build-args': [...plan, 'build'],
      secrets: [...plan, 'build', 'list'],
    },
  },
  'Where it is published': {
    commands: everywhere,
    but: {
      tags: [...plan, 'tag'],
      date: [...plan, 'tag'],
      'overwrite-tags': [...plan, 'tag'],
      image: ['tag', 'verify'],
      mirrors: ['run', 'plan', 'promote', 'list', 'tag', 'prune'],
      'mirror-credentials': ['run', 'plan', 'promote', 'list', 'tag', 'prune'],
    },
  },
  'Where bases and packages come from': {
    commands: ['run', 'plan', 'build', 'promote', 'list', 'verify'],
    but: {
      'base-image': [...plan, 'verify'],
      'base-compression': plan,
      'keep-base': ['run', 'promote'],
      'ca-certificates': everywhere,
    },
  },
  'Over many runners': {
    commands: build,
    but: {
      plan: ['build', 'promote'],
      leg: ['build'],
      runners: ['plan'],
      'verify-runners': ['plan'],
      parallel: ['run'],
      retries: everywhere,
      'fail-fast': ['run', 'promote'],
    },
  },
  'How it is built': { commands: build, but: {} },
  'What is checked and shown': {
    commands: judge,
    but: {
      verify: build,
      'require-verified': ['promote'],
      gpus: ['verify'],
      where: ['list'],
      summary: [...everywhere, 'history'],
      'github-token': ['run', 'promote', 'prune'],
    },
  },
  'What is deleted (command: prune)': { commands: ['prune'], but: {} },
}

/** A command that was added without a row above is shown with all options. */
const known = new Set([...everywhere, 'history'])

function isUsed(command: string, title: string, { name }: DefinedInput): boolean {
  const rule = usedBy[title]
  if (name === 'command') return false
  return rule === undefined || !known.has(command) || (rule.but[name] ?? rule.commands).includes(command)
}

/** @returns the groups of inputs that a command uses, without empty groups */
export function groupsFor(command: string, { groups }: Definition): DefinedGroup[] {
  return groups
    .map(({ title, inputs }) => ({ title, inputs: inputs.filter((input) => isUsed(command, title, input)) }))
    .filter(({ inputs }) => inputs.length > 0)
}

/** The headings and inputs that `usedBy` names, for a test: all must be in action.yml. */
export const namedHere: { titles: string[]; inputs: string[] } = {
  titles: Object.keys(usedBy),
  inputs: Object.values(usedBy).flatMap(({ but }) => Object.keys(but)),
}
