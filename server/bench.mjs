// `npm run bench -- training|kernels|…`: builds what changed, then runs the benchmarks of e2e/bench.
import { buildWhatChanged } from './build.mjs'

await buildWhatChanged()
process.setSourceMapsEnabled(true)
// @ts-ignore: exists once it is built.
const { main } = await import('../dist/node/bench.js')
await main(process.argv.slice(2))
