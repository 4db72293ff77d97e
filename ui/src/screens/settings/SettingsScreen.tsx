/** What is set for the whole house: computed traits, the lifecycle, and the keys that events are sent with. */

import { Tabs } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'

import type { SettingsPart } from '@/app/router'
import { PageHead } from '@/parts/Page'

import { Keys } from './Keys'
import { Lifecycle } from './Lifecycle'
import { Traits } from './Traits'

const PARTS: { value: SettingsPart; label: string }[] = [
  { value: 'traits', label: 'Computed traits' },
  { value: 'lifecycle', label: 'Lifecycle' },
  { value: 'keys', label: 'Write keys' },
]

export function SettingsScreen() {
  const { part = 'traits' } = useSearch({ from: '/settings' })
  const navigate = useNavigate()
  return (
    <>
      <PageHead title="Settings" lead="What holds for all customers, and what lets others send their events" />
      <Tabs
        value={part}
        onChange={(value) => void navigate({ to: '/settings', search: { part: value as SettingsPart }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="md" aria-label="Settings" style={{ flexWrap: 'nowrap', overflow: 'auto hidden' }}>
          {PARTS.map(({ value, label }) => <Tabs.Tab key={value} value={value} data-testid={`tab-${value}`}>{label}</Tabs.Tab>)}
        </Tabs.List>
        <Tabs.Panel value="traits"><Traits /></Tabs.Panel>
        <Tabs.Panel value="lifecycle"><Lifecycle /></Tabs.Panel>
        <Tabs.Panel value="keys"><Keys /></Tabs.Panel>
      </Tabs>
    </>
  )
}
