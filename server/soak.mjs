// `npm run soak`: builds what changed, then runs the soak of e2e/soak.
import { buildWhatChanged } from './build.mjs'

await buildWhatChanged()
process.setSourceMapsEnabled(true)
// @ts-ignore: exists once it is built.
const { main } = await import('../dist/node/soak.js')
await main(process.argv.slice(2))
