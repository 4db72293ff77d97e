import { describe, expect, it } from 'vitest'

import { addStep, freeName, problemStep, readSteps, removeStep, renameStep, setField, starter } from './document'
import { drawDraft } from './draft'

const TEXT = `# the first days
kind: journey
name: first-days
steps:
  - name: hello # said at once
    type: message
    channel: email
    content: {subject: Hi, html: <p>Hi</p>}
  - name: opened
    type: wait_for_engagement
    engagement: [view]
    messages: [hello]
    timeout: 2d
    timed_out: nudge
  - name: pick
    type: split
    paths:
      - {name: a, percent: 30, go: nudge}
      - {name: b, percent: 70}
  - name: nudge
    type: message
    channel: sms
    content: {text: nudge}
`
const names = (text: string) => readSteps(text)?.map(({ name }) => name)

describe('a journey as text', () => {
  it('keeps comments and everything else when one field changes', () => {
    const changed = setField(TEXT, 'opened', 'timeout', '3d')
    expect(changed).toContain('# the first days')
    expect(changed).toContain('# said at once')
    expect(changed.replace('timeout: 3d', 'timeout: 2d').replaceAll(/\s+/g, '')).toBe(TEXT.replaceAll(/\s+/g, ''))
    expect(setField(TEXT, 'opened', 'timeout', undefined)).not.toContain('timeout')
  })
  it('puts a new step behind the one that was pointed at', () => {
    const steps = readSteps(TEXT) ?? []
    expect(names(addStep(TEXT, 'hello', starter(steps, 'wait')))).toEqual(['hello', 'wait', 'opened', 'pick', 'nudge'])
    expect(names(addStep(TEXT, null, starter(steps, 'exit')))?.at(-1)).toBe('exit-2')
  })
  it('follows a new name to wherever the step is a target, and nowhere else', () => {
    const steps = readSteps(renameStep(TEXT, 'nudge', 'reminder'))
    expect(steps?.[1]?.fields.timed_out).toBe('reminder')
    expect((steps?.[2]?.fields.paths as { go: string }[])[0]?.go).toBe('reminder')
    expect(steps?.[3]?.fields.content).toEqual({ text: 'nudge' })
    expect(readSteps(renameStep(TEXT, 'hello', 'hi'))?.[1]?.fields.messages).toEqual(['hi'])
  })
  it('takes no name that another step has', () => {
    expect(names(renameStep(TEXT, 'hello', 'nudge'))).toEqual(names(TEXT))
    expect(freeName(readSteps(TEXT) ?? [], 'nudge')).toBe('nudge-2')
  })
  it('leads whoever was led to a removed step to the one behind it', () => {
    const steps = readSteps(removeStep(TEXT, 'nudge'))
    expect(steps?.[1]?.fields.timed_out).toBe('exit')
  })
  it('says where people go whose step is gone, where a revision moves them', () => {
    expect(renameStep(TEXT, 'nudge', 'reminder')).not.toContain('moves')
    expect(renameStep(`existing: move\n${TEXT}`, 'nudge', 'reminder')).toContain('moves:\n  nudge: reminder')
  })
  it('follows a name into decision points', () => {
    const decided = `${TEXT}decision_points:\n  - {after: hello, when: {hello: hello}, go: nudge}\n`
    expect(renameStep(decided, 'hello', 'hi')).toContain('after: hi, when: { hello: hello }, go: nudge')
  })
  it('sets a field in the place of its other name', () => {
    const changed = setField(TEXT.replace('timeout: 2d', 'timeout_seconds: 60'), 'opened', 'timeout', '3d')
    expect([changed.includes('timeout_seconds'), changed.includes('timeout: 3d')]).toEqual([false, true])
  })
  it('calls a step without a name by its type and place', () => {
    expect(names('steps:\n  - {type: wait, for: 1d}\n  - {channel: sms}\n')).toEqual(['wait-1', 'message-2'])
  })
  it('leaves text that cannot be read as it is', () => {
    expect(setField('steps: [', 'a', 'b', 1)).toBe('steps: [')
    expect(readSteps('name: x')).toBeNull()
  })
  it('knows of which step a problem speaks', () => {
    const steps = readSteps(TEXT) ?? []
    expect([problemStep('steps[1].timeout', steps), problemStep('steps[nudge]', steps), problemStep('trigger', steps)])
      .toEqual(['opened', 'nudge', null])
  })
})

describe('the drawing of a draft', () => {
  const form = [{ name: 'timed_out', label: 'When it did not', kind: 'step' }]
  const type = (kind: string, fields: typeof form) => ({ kind, word: kind, words: [kind], label: '', form: fields })
  const types = [type('wait_for_engagement', form), type('split', [{ name: 'paths', label: '', kind: 'shares' }])]
  it('has all steps, their ways, and the end', () => {
    const { nodes, edges } = drawDraft(readSteps(TEXT) ?? [], types, null)
    expect(nodes.map(({ name }) => name)).toEqual(['hello', 'opened', 'pick', 'nudge', 'exit'])
    expect(edges).toContainEqual({ from: 'opened', to: 'nudge', label: 'timed out' })
    expect(edges).toContainEqual({ from: 'pick', to: 'nudge', label: 'b' })
    expect(edges).toContainEqual({ from: 'nudge', to: 'exit', label: '' })
  })
})
