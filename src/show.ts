import * as core from '@actions/core'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { engines } from './plan/engine.ts'
import type { Plan } from './plan/plan.ts'
import type { Redact } from './redact.ts'
import { familiarReference, familiarRepository } from './registry/reference.ts'
import { annotationsOf } from './report/annotations.ts'
import type { Run } from './report/outcome.ts'
import { outputsOf } from './report/outputs.ts'
import { renderSummary } from './report/summary.ts'
import type { Workspace } from './workspace.ts'

/** @returns the plan as log lines: what each image is made of, and what happens to it */
export function describePlan(plan: Plan, push: boolean): string[] {
  return plan.images.flatMap(({ leg, repository, tags, published }) => [
    `${engines[leg.engine].title} ${leg.version.tag} for ${leg.platform}: ${published.kind === 'same' ? 'published already' : push ? 'build, verify, publish' : 'build and verify'}`,
    `  base    ${familiarRepository(leg.base.repository)}:${leg.base.tag}@${leg.base.digest}`,
    `  aibrix  ${leg.aibrix.ref} (${leg.aibrix.commit}), nixl ${leg.nixl}, ucx ${leg.ucxVersion}`,
    `  build   ${leg.buildId}`,
    ...tags.map((tag) => `  tag     ${familiarReference({ ...repository, tag })}`),
  ])
}

export type ShowSettings = {
  workspace: Workspace
  redact: Redact
  summary: boolean
  /** `GITHUB_STEP_SUMMARY`; there is none outside of GitHub and on old servers */
  summaryFile: string | undefined
}

/** Annotations, outputs and the job summary of a run. */
export function publishRun(run: Run, { workspace, redact, summary, summaryFile }: ShowSettings): void {
  const text = redact(renderSummary(run))
  const path = join(workspace.root, 'summary.md')
  writeFileSync(path, text)
  if (summary && summaryFile) appendFileSync(summaryFile, text)
  for (const { level, title, message } of annotationsOf(run)) {
    const show = { error: core.error, warning: core.warning, notice: core.notice }[level]
    show(redact(message), { title: redact(title) })
  }
  for (const [name, value] of Object.entries(outputsOf(run.outcomes, path)))
    core.setOutput(name, redact(value))
}
