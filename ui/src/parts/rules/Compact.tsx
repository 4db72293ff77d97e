/** Small fields, so that a condition fits on a line. */

import {
  Autocomplete, createTheme, MantineThemeProvider, MultiSelect, NativeSelect, NumberInput, Select, TagsInput, TextInput,
} from '@mantine/core'
import type { ReactNode } from 'react'

const small = { defaultProps: { size: 'xs' } }

const COMPACT = createTheme({
  components: {
    Autocomplete: Autocomplete.extend(small),
    MultiSelect: MultiSelect.extend(small),
    NativeSelect: NativeSelect.extend(small),
    NumberInput: NumberInput.extend(small),
    Select: Select.extend(small),
    TagsInput: TagsInput.extend(small),
    TextInput: TextInput.extend(small),
  },
})

export function Compact({ children }: { children: ReactNode }) {
  return <MantineThemeProvider theme={COMPACT} inherit>{children}</MantineThemeProvider>
}
