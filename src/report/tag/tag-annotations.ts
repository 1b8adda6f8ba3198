import { type Annotation, annotationsOfGates, error, limited } from '../annotations.ts'
import { tagTitles } from './tag-titles.ts'
import type { TagRun } from './tag-run.ts'

/** @returns the errors and warnings of `command: tag`, worst first */
export function annotationsOfTagRun({ image, error: sentence }: TagRun): Annotation[] {
  const gates = image
    ? tagTitles(image).flatMap(({ title, report }) => annotationsOfGates(title, report))
    : []
  const isExplained = gates.some(({ level }) => level === 'error')
  // A failed gate says more than the sentence that gates failed.
  const all = [
    ...(sentence === undefined || isExplained ? [] : [error('Tagging failed', sentence)]),
    ...gates,
  ]
  return [...limited(all, 'error'), ...limited(all, 'warning')]
}
