/** The frame around every screen: the way to each of them, the live light, light and dark. */

import { ActionIcon, AppShell, Burger, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect, useSyncExternalStore } from 'react'

import { currentKey, forgetKey, keyAsked, onSession } from '@/api/session'
import { Icon, type IconName } from '@/parts/Icon'

import { Brand } from './Brand'
import { LiveLight } from './LiveLight'
import { LiveProvider } from './live'
import classes from './Shell.module.css'
import { SignIn } from './SignIn'
import { ThemeToggle } from './ThemeToggle'

const PLACES: { to: '/' | '/campaigns' | '/journeys' | '/segments' | '/customers' | '/debugger' | '/imports' | '/outbox' | '/status' | '/settings'; label: string; icon: IconName }[] = [
  { to: '/', label: 'Overview', icon: 'overview' },
  { to: '/campaigns', label: 'Campaigns', icon: 'campaigns' },
  { to: '/journeys', label: 'Journeys', icon: 'journeys' },
  { to: '/segments', label: 'Segments', icon: 'segments' },
  { to: '/customers', label: 'Customers', icon: 'customers' },
  { to: '/debugger', label: 'Debugger', icon: 'debugger' },
  { to: '/imports', label: 'Import', icon: 'import' },
  { to: '/outbox', label: 'Outbox', icon: 'outbox' },
  { to: '/status', label: 'Status', icon: 'status' },
  { to: '/settings', label: 'Settings', icon: 'settings' },
]

export function Shell() {
  const asked = useSyncExternalStore(onSession, keyAsked)
  const key = useSyncExternalStore(onSession, currentKey)
  if (asked) return <SignIn refused={key !== null} />
  // A new key starts everything anew, the live stream included.
  return (
    <LiveProvider key={key ?? ''}>
      <Frame signedIn={key !== null} />
    </LiveProvider>
  )
}

function Frame({ signedIn }: { signedIn: boolean }) {
  const [opened, { toggle, close }] = useDisclosure()
  const path = useRouterState({ select: (state) => state.location.pathname })
  useEffect(close, [path, close])

  return (
    <AppShell
      layout="alt"
      header={{ height: 56, collapsed: false }}
      navbar={{ width: 228, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={0}
      classNames={{ navbar: classes.navbar, header: classes.header, main: classes.main }}
    >
      <a className="skip-link" href="#content">Skip to the content</a>
      <AppShell.Header hiddenFrom="sm">
        <Group h="100%" px="md" justify="space-between">
          <Brand />
          <Group gap="xs">
            <LiveLight />
            <Burger opened={opened} onClick={toggle} size="sm" aria-label="Menu" data-testid="menu-button" />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar>
        <Group justify="space-between" className={classes.brand}>
          <Brand />
          <Burger hiddenFrom="sm" opened={opened} onClick={toggle} size="sm" aria-label="Close the menu" />
        </Group>
        <nav aria-label="Main" className={classes.nav}>
          {PLACES.map(({ to, label, icon }) => (
            <Link
              key={to}
              to={to}
              className={classes.link}
              activeOptions={{ exact: to === '/', includeSearch: false }}
              activeProps={{ 'aria-current': 'page' }}
              data-testid={`nav-${icon}`}
            >
              <Icon name={icon} />
              <span>{label}</span>
            </Link>
          ))}
        </nav>
        <div className={classes.foot}>
          <LiveLight />
          <Group gap={4}>
            {signedIn && (
              <ActionIcon variant="subtle" color="gray" aria-label="Sign out" onClick={forgetKey} data-testid="signout-button">
                <Icon name="leave" />
              </ActionIcon>
            )}
            <ThemeToggle />
          </Group>
        </div>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <div className={classes.content}>
          <Outlet />
          <Text component="footer" className={classes.colophon} size="xs" c="dimmed">
            Times are in your own timezone.
          </Text>
        </div>
      </AppShell.Main>
    </AppShell>
  )
}
