/** Which of what could go stays. */
export type PruneSettings = {
  /** Days, at least 1: what is younger stays */
  keepDays: number
  /** How many of each family stay, the newest ones */
  keep: number
  /** Whether what has no date may go; otherwise it counts as young */
  undated: boolean
}
