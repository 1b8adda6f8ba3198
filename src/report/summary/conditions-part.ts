import type { Part } from '../fit.ts'
import { bullets, code, escaped } from '../markdown.ts'
import { boldTitles, type TitledLeg } from '../titles.ts'

/** What a user must set for an image to work, next to the command that pulls it. */
export function conditionLines(legs: readonly Pick<TitledLeg, 'title' | 'report'>[]): Part[] {
  const all = legs.flatMap(({ title, report }) =>
    (report?.conditions ?? []).map((condition) => ({ title, condition })),
  )
  const lines = [...Map.groupBy(all, ({ condition }) => condition.name)].map(([name, group]) => {
    const { kind, reason = '' } = group[0]?.condition ?? {}
    const what =
      kind === 'tools' ? `it has ${code(name)}` : `start it with ${code(`docker run --env ${name} …`)}`
    return `⚠️ ${boldTitles(group.map(({ title }) => title))}: ${what}, because ${escaped(reason, 300)}.`
  })
  return lines.length === 0 ? [] : [{ text: bullets(lines) }]
}
