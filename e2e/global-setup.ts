// Builds what changed, so that these tests never meet an old build.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export default function setup(): void {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, '../server/build.mjs')], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`build: must succeed before the tests, got exit code ${status}.`)
}
