// `commonweight export` from a state folder: a file in the wanted format, of the run that was meant, or one sentence why not.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, InferenceSession } from 'onnxruntime-web'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { modelFromSafetensors } from '../../src/codec/safetensors.ts'
import { decodeTrainingState } from '../../src/codec/training-state.ts'
import { initialParams, layoutOf } from '../../src/model/initial-params.ts'
import { zoo } from '../../src/model/zoo/index.ts'
import { exportModel } from './export.ts'
import { beginStoredRun } from './test-stored-run.ts'

// Its threads would wait for messages of the thread that waits for them.
env.wasm.numThreads = 1

const { spec } = zoo.get('mnist-mlp')
const said: string[] = []
const stateDir = mkdtempSync(join(tmpdir(), 'export-'))
const target = (name: string): string => join(stateDir, name)
const options = { stateDir, optimizer: false }

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation((line: string) => { said.push(line) })
  await beginStoredRun(stateDir, 'first')
})
afterAll(() => { vi.restoreAllMocks() })

it('writes ONNX that a runtime opens', async () => {
  await exportModel({ ...options, to: target('model.onnx') })
  const session = await InferenceSession.create(new Uint8Array(readFileSync(target('model.onnx'))))
  expect([session.inputNames, session.outputNames]).toEqual([['x'], ['output']])
  await session.release()
  expect(said.at(-1)).toMatch(/model\.onnx: mnist-mlp, version 0 of first, 203530 params, \d+ bytes/)
})

it('writes safetensors, with the optimizer where asked for', async () => {
  await exportModel({ ...options, run: 'first', to: target('model.safetensors') })
  const { packed, metadata } = modelFromSafetensors(layoutOf(spec), readFileSync(target('model.safetensors')))
  const expected = initialParams(spec, 3)
  expect(packed.findIndex((value, i) => value !== expected[i])).toBe(-1)
  expect(metadata).toEqual({ run: 'first', model: 'mnist-mlp', modelVersion: '0', step: '0' })
  await exportModel({ ...options, optimizer: true, to: target('all.safetensors') })
  expect(Object.keys(decodeTrainingState(readFileSync(target('all.safetensors'))).optimizer)).toContain('adam/m/dense1/weight')
})

it('says what it needs', async () => {
  const refused = (changed: object) => expect(exportModel({ ...options, to: target('model.onnx'), ...changed })).rejects
  await refused({ to: target('model.onxx') }).toThrow(/--to: must end in \.onnx or \.safetensors, got .*Did you mean "onnx"/)
  await refused({ to: 'model' }).toThrow(/--to: must end in/)
  await refused({ optimizer: true }).toThrow(/--optimizer: must go into a \.safetensors file/)
  await refused({ run: 'frist' }).toThrow(/--run: must be one of first, got "frist"\. Did you mean "first"/)
  await refused({ stateDir: mkdtempSync(join(tmpdir(), 'none-')) }).toThrow(/must hold runs, got none/)
  await refused({ to: join(stateDir, 'nowhere', 'model.onnx') }).toThrow(/--to: must be a file that can be written/)
  // Our parent lives, and is not us.
  writeFileSync(join(stateDir, 'lock'), JSON.stringify({ pid: process.ppid }))
  await refused({}).toThrow(/must not be in use while it is read/)
  rmSync(join(stateDir, 'lock'))
  mkdirSync(join(stateDir, 'runs', 'second', 'log'), { recursive: true })
  writeFileSync(join(stateDir, 'runs', 'second', 'run.json'), '{}')
  await refused({}).toThrow(/--run: must name one of first, second, got nothing/)
  await refused({ run: 'second' }).toThrow(/must hold a run that has begun, got none/)
})
