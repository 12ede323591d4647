#!/usr/bin/env node
// The command: builds what changed, then becomes the built program, in this very process, so that signals reach it.
import { buildWhatChanged } from './build.mjs'

await buildWhatChanged()
process.setSourceMapsEnabled(true)
// @ts-ignore: exists once it is built.
await import('../dist/node/commonweight.js')
