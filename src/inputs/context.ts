/** What the world outside the inputs has to say about them. */
export type InputContext = {
  /** `GITHUB_EVENT_NAME`; empty outside of GitHub Actions */
  event: string
  now: Date
  /** Architecture of the runner as Node names it: `x64`, `arm64` */
  machine: string
  fileExists: (path: string) => boolean
}
