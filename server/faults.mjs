// `npm run simulate:faults`: builds what changed, then runs simulated faults on every core.
import { buildWhatChanged } from './build.mjs'

await buildWhatChanged()
process.setSourceMapsEnabled(true)
// @ts-ignore: exists once it is built.
const { main } = await import('../dist/node/simulate-faults.js')
await main(process.argv.slice(2))
