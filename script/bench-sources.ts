// Git repositories for script/bench, with a change of AIBrix's Python alone.
import { execFileSync } from 'node:child_process'

/** The branch with that change, one commit after the release */
export const pythonOnly = 'bench-python'

const changed = 'python/aibrix_kvcache/aibrix_kvcache/envs.py'

/**
 * Adds the branch to a bare repository of AIBrix. Author and dates are fixed, so that the commit is
 * the same in each run.
 */
export function addPythonOnlyBranch(repository: string, release: string): void {
  const env: NodeJS.ProcessEnv = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' }
  env.GIT_INDEX_FILE = `${repository}/bench-index`
  for (const role of ['AUTHOR', 'COMMITTER']) {
    env[`GIT_${role}_NAME`] = 'Bench'
    env[`GIT_${role}_EMAIL`] = 'bench@example.invalid'
    env[`GIT_${role}_DATE`] = '2025-11-24T00:00:00Z'
  }
  const git = (args: string[], input?: string): string =>
    execFileSync('git', ['-C', repository, ...args], { env, input, encoding: 'utf8' })
  const text = git(['show', `${release}:${changed}`])
  const blob = git(['hash-object', '-w', '--stdin'], `${text}\n# One more line\n`).trim()
  git(['read-tree', release])
  git(['update-index', '--cacheinfo', `100644,${blob},${changed}`])
  const tree = git(['write-tree']).trim()
  const commit = git(['commit-tree', tree, '-p', release, '-m', 'Change Python only']).trim()
  git(['update-ref', `refs/heads/${pythonOnly}`, commit])
}
