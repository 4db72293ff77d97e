/** Asks for the API key when the API wants one. */

import { Button, Card, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type SyntheticEvent, useState } from 'react'

import { keepKey } from '@/api/session'

import { Brand } from './Brand'

export function SignIn({ refused }: { refused: boolean }) {
  const [key, setKey] = useState('')
  const client = useQueryClient()

  function submit(event: SyntheticEvent): void {
    event.preventDefault()
    const said = key.trim()
    if (!said) return
    client.clear() // answers of 401 are not worth keeping
    keepKey(said)
  }

  return (
    <Stack component="main" align="center" justify="center" mih="100dvh" p="md" gap="xl">
      <Brand />
      <Card w="100%" maw={400} component="form" onSubmit={submit} data-testid="signin">
        <Stack>
          <div>
            <Title order={1} size="h2">Sign in</Title>
            <Text size="sm" c="dimmed">
              This Motet is closed. Its key is the value of <code>MOTET_API_KEY</code> where it runs.
            </Text>
          </div>
          <PasswordInput
            label="API key"
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
            error={refused && key === '' ? 'That key was not accepted.' : null}
            autoComplete="current-password"
            data-autofocus
            autoFocus
            data-testid="signin-key"
          />
          <Button type="submit" disabled={key.trim() === ''} data-testid="signin-button">Open</Button>
          <Text size="xs" c="dimmed">The key stays in this tab and is forgotten when you close it.</Text>
        </Stack>
      </Card>
    </Stack>
  )
}
