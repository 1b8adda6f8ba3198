import type { NamedImage } from '../../inputs/index.ts'
import { publicRepository } from '../../plan/index.ts'
import { annotationsOfTagRun, newlyTagged, renderTagSummary, tagOutputs } from '../../report/index.ts'
import { publishAttestations } from '../attest.ts'
import { publishSummary, setOutputs, type ShowSettings } from '../show.ts'
import { createRunWorld } from '../world/run-world.ts'
import type { CommandTools } from '../world/tools.ts'
import { tagImage } from './tag-image.ts'

/**
 * Tags an image that exists, and shows the result.
 * @param environment with the variables of GitHub Actions
 * @returns whether it succeeded
 */
export async function tagAndShow(
  image: NamedImage,
  tools: CommandTools,
  settings: ShowSettings,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  const request = tools.inputs.plan
  const own = request.engines.map(({ engine }) => publicRepository(request, engine))
  const mirrors = request.mirrors.map(({ repository }) => repository)
  tools.registry.pushesTo([request.cacheRepository, ...own, ...mirrors])
  const run = await tagImage(image, request, createRunWorld(tools, request))
  const path = publishSummary(renderTagSummary({ ...run, retried: settings.retry.retried() }), settings)
  for (const { level, title, message } of annotationsOfTagRun(run)) settings.annotate(level, message, title)
  setOutputs(settings, tagOutputs(run, path))
  await publishAttestations(newlyTagged(run.image), environment, settings)
  return run.error === undefined
}
