import type { FolderContent } from '../system/index.ts'

/** What the readers of inputs need to know besides the inputs */
export type InputContext = {
  event: WorkflowEvent
  now: Date
  fileExists: (path: string) => boolean
  /** @returns undefined if it is no folder */
  readFolder: (path: string) => FolderContent | undefined
}

/** The event that started the workflow; empty strings outside of GitHub Actions. */
export type WorkflowEvent = {
  /** `GITHUB_EVENT_NAME` */
  name: string
  /** `GITHUB_REF`: `refs/heads/main` */
  ref: string
  /** `GITHUB_SERVER_URL` and `GITHUB_REPOSITORY`: `https://github.com/vllm-project/aibrix` */
  repositoryUrl: string
  /** The tag that was pushed or released; undefined if the event has no tag */
  tag: string | undefined
}

/** @param environment with the variables of GitHub Actions */
export function workflowEvent(environment: NodeJS.ProcessEnv): WorkflowEvent {
  const {
    GITHUB_EVENT_NAME: name = '',
    GITHUB_REF: ref = '',
    GITHUB_SERVER_URL: server = '',
    GITHUB_REPOSITORY: repository = '',
    GITHUB_REF_TYPE: type,
    GITHUB_REF_NAME: refName,
  } = environment
  // Servers older than GITHUB_REF_TYPE set the ref only.
  const tag = type === 'tag' ? refName : /^refs\/tags\/(.+)$/.exec(type === undefined ? ref : '')?.[1]
  return { name, ref, repositoryUrl: `${server}/${repository}`, tag }
}
