import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lockHolder, lockState } from './state-lock.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'lock-'))

it('is released, and refuses while a living process holds it', () => {
  const at = folder()
  const release = lockState(at)
  release()
  expect(existsSync(join(at, 'lock'))).toBe(false)
  expect(lockHolder(at)).toBe(undefined)
  const other = spawn('sleep', ['30'])
  try {
    writeFileSync(join(at, 'lock'), JSON.stringify({ pid: other.pid }))
    expect(() => lockState(at)).toThrow(`process ${other.pid} uses it already`)
    expect(lockHolder(at)).toBe(other.pid)
  } finally {
    other.kill('SIGKILL')
  }
})

it.each([
  ['a dead process', () => JSON.stringify({ pid: spawnSync('true').pid })],
  ['an earlier process with our number', () => JSON.stringify({ pid: process.pid, started: 'another boot/1' })],
  ['an earlier process with a living number', () => JSON.stringify({ pid: process.ppid, started: 'another boot/1' })],
  ['a torn write', () => '{"pi'],
])('is taken over from %s', (_, content) => {
  const at = folder()
  writeFileSync(join(at, 'lock'), content())
  const release = lockState(at)
  expect(existsSync(join(at, 'lock'))).toBe(true)
  release()
})

it('says what to do where the folder cannot be written', () => {
  const at = folder()
  writeFileSync(join(at, 'file'), '')
  expect(() => lockState(join(at, 'file'))).toThrow('--state-dir')
  // What cannot be removed, as on a read-only disk.
  mkdirSync(join(at, 'lock'))
  expect(() => lockState(at)).toThrow(/lock: must be in a folder that can be written.*--state-dir/)
})
