/** Light, dark, or as the system has it. */

import { ActionIcon, Menu, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'

import { Icon } from '@/parts/Icon'

const CHOICES = [
  ['light', 'Light'],
  ['dark', 'Dark'],
  ['auto', 'As the system'],
] as const

export function ThemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const seen = useComputedColorScheme('light')
  return (
    <Menu position="top-end" shadow="md">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Light or dark" data-testid="theme-toggle">
          <Icon name={seen === 'dark' ? 'moon' : 'sun'} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {CHOICES.map(([value, label]) => (
          <Menu.Item
            key={value}
            role="menuitemradio"
            aria-checked={colorScheme === value}
            onClick={() => setColorScheme(value)}
            rightSection={colorScheme === value ? <Icon name="check" size={14} /> : null}
            data-testid={`theme-${value}`}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
