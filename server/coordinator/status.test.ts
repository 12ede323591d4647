// What dashboards are told of volunteers: not all of them several times a second.
import { expect, it } from 'vitest'
import { stubStatus } from '../stub-run.ts'
import { abridged, buildStatus } from './status.ts'
import { Driver } from './test-driver.ts'

it('P9: lists those at work first, and a dashboard hears of a hundred of them and of how many more there are', () => {
  const driver = new Driver()
  for (let i = 0; i < 150; i++) driver.join(`v${i}`)
  for (let i = 0; i < 20; i++) driver.event({ type: 'leave', volunteerId: `v${i}` })
  driver.state = { ...driver.state, forgotten: { ...driver.state.forgotten, volunteers: 7 } }
  const status = buildStatus(driver.state, { config: { title: '' } as never, modelName: '', params: 0, bytesDown: 0, now: 0 })
  expect(status).toMatchObject({ connected: 130, unlisted: 7 })
  expect(status.volunteers).toHaveLength(150)
  const { volunteers, unlisted } = abridged(status)
  expect(volunteers).toEqual(status.volunteers.slice(0, 100))
  expect(volunteers.every(({ connected }) => connected)).toBe(true)
  expect(unlisted).toBe(57)
})

it('leaves a short list as it is', () => {
  const status = stubStatus('run')
  expect(abridged(status)).toBe(status)
})
