/** The first rows as they stand in the file. */

import type { ImportPreview } from '@/api/imports'
import { Panel } from '@/parts/Page'

import classes from './Imports.module.css'

export function FirstRows({ preview }: { preview: ImportPreview }) {
  if (preview.rows.length === 0) return null
  return (
    <Panel title="First rows" note="As they stand in the file" flush>
      <div className={classes.scroll} tabIndex={0} role="region" aria-label="First rows">
        <table className={classes.table} data-testid="first-rows">
          <thead>
            <tr>{preview.columns.map(({ name }, place) => <th scope="col" key={place}>{name}</th>)}</tr>
          </thead>
          <tbody>
            {preview.rows.map((cells, row) => (
              <tr key={row}>
                {preview.columns.map((_, place) => (
                  <td key={place}><div className={classes.cell} title={cells[place]}>{cells[place] ?? ''}</div></td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
