/** A run of the simulator beside the canvas: what the journey would do, to whom, when and why. */

import { Alert, Button, List, NumberInput, Progress, Select } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useCallback, useState } from 'react'

import type { Drawing } from '@/api/journeys'
import { segmentsQuery } from '@/api/segments'
import { MOST_CUSTOMERS, MOST_DAYS, simulate, type SimulationReport } from '@/api/simulations'
import { Icon } from '@/parts/Icon'
import { Panel } from '@/parts/Page'
import { Stat, StatRow } from '@/parts/Stat'
import { Empty, Failure } from '@/parts/States'
import { fold, type ShownNode } from '@/words/journeys/fold'
import { day } from '@/words/moments'
import { count, percent, share, shortCount } from '@/words/numbers'
import { capital } from '@/words/reasons'

import { Canvas } from './Canvas'
import classes from './JourneyScreen.module.css'
import { LookSwitch, useLook } from './LiveView'
import { SimulatedDays } from './SimulatedDays'
import { SimulatedExamples } from './SimulatedExamples'
import { SimulatedPane } from './SimulatedPane'
import { simulatedFigures } from './simulated'
import form from './Simulator.module.css'
import { Side } from './Side'
import { StepList } from './StepList'

interface SimulatorProps {
  document: () => unknown // as it stands when the run begins
  drawing: Drawing
}

export function Simulator({ document, drawing }: SimulatorProps) {
  const [customers, setCustomers] = useState<number | string>(1_000)
  const [days, setDays] = useState<number | string>(30)
  const [seed, setSeed] = useState<number | string>(1)
  const [segment, setSegment] = useState<string | null>(null)
  const { data: segments } = useQuery(segmentsQuery)
  const run = useMutation({
    mutationFn: async () => {
      const order = { document: document(), customers: Number(customers), days: Number(days), seed: Number(seed) }
      // The picture is that of the document that was simulated, whatever is written meanwhile.
      return { drawing, report: await simulate(segment === null ? order : { ...order, segment }) }
    },
  })
  const ready = [customers, days, seed].every((value) => value !== '')
  return (
    <div className={classes.stack}>
      <Panel title="Simulate" note="The same rules on a clock that runs ahead, over made-up customers or the profiles of a segment. Nothing is sent and nothing is kept.">
        <form
          className={form.form}
          onSubmit={(event) => {
            event.preventDefault()
            if (ready) run.mutate()
          }}
        >
          <NumberInput label="Customers" min={1} max={MOST_CUSTOMERS} value={customers} onChange={setCustomers} thousandSeparator data-testid="simulate-customers" />
          <NumberInput label="Days" min={1} max={MOST_DAYS} value={days} onChange={setDays} data-testid="simulate-days" />
          <NumberInput label="Seed" min={0} max={2_147_483_647} value={seed} onChange={setSeed} data-testid="simulate-seed" />
          <Select
            label="Who"
            placeholder="Made-up customers"
            clearable
            value={segment}
            onChange={setSegment}
            data={(segments?.segments ?? []).map(({ name, title }) => ({ value: name, label: title }))}
            data-testid="simulate-segment"
          />
          <Button type="submit" loading={run.isPending} disabled={!ready} leftSection={<Icon name="play" size={16} />} data-testid="simulate-button">
            Run
          </Button>
        </form>
        {run.isPending && (
          <Progress value={100} animated mt="md" aria-label="The simulation runs" data-testid="simulate-progress" />
        )}
        {run.error ? <div style={{ marginTop: '1rem' }}><Failure error={run.error} /></div> : null}
      </Panel>
      {run.data ? <Outcome report={run.data.report} drawing={run.data.drawing} /> : !run.isPending && (
        <Panel title="What would happen">
          <Empty icon="journeys" title="Not simulated yet">
            A run says how many would enter, stand on each step, leave and why, and what each channel would send by day.
          </Empty>
        </Panel>
      )}
    </div>
  )
}

function Outcome({ report, drawing }: { report: SimulationReport; drawing: Drawing }) {
  const [selected, setSelected] = useState<string | null>(null)
  const { look, setLook } = useLook()
  const select = useCallback((name: string) => setSelected(name), [])
  const figures = useCallback((node: ShownNode) => simulatedFigures(node, report), [report])
  const shown = fold(drawing)
  const node = shown.nodes.find(({ name }) => name === selected)
  return (
    <div className={classes.stack} data-testid="simulation-report">
      <SimulatedNumbers report={report} />
      <div className={classes.beside} data-open={node !== undefined || undefined}>
        <Panel title="Where they would be" note={rangeOf(report)} flush aside={<LookSwitch look={look} setLook={setLook} />}>
          {look === 'canvas' ? (
            <Canvas drawing={drawing} selected={selected} onSelect={select} figures={figures} label="The steps with simulated figures" />
          ) : (
            <StepList shown={shown} selected={selected} onSelect={select} figures={figures} trigger={drawing.trigger} />
          )}
        </Panel>
        {node && (
          <Side title="The step, simulated" onClose={() => setSelected(null)}>
            <SimulatedPane node={node} report={report} edges={shown.edges} onSelect={select} />
          </Side>
        )}
      </div>
      <Panel title="Messages by day and channel" note={`${rangeOf(report)}, days of ${report.timezone}`}>
        <SimulatedDays daily={report.daily} />
      </Panel>
      <SimulatedExamples examples={report.examples} />
      {report.notes.length > 0 && (
        <Alert color="gray" icon={<Icon name="eye" />} title="How to read it">
          <List size="sm">{report.notes.map((note) => <List.Item key={note}>{capital(note)}</List.Item>)}</List>
        </Alert>
      )}
    </div>
  )
}

function SimulatedNumbers({ report: { totals, days } }: { report: SimulationReport }) {
  const over = `in ${days} days`
  return (
    <StatRow>
      <Stat label="Would enter" value={shortCount(totals.entered)} note={`of ${count(totals.customers)} customers, ${over}`} color="var(--good)" testid="simulated-entered" />
      <Stat label="Reach the goal" value={shortCount(totals.reached)} rate={percent(share(totals.reached, totals.entered))} note="of entered" color="var(--converted)" />
      <Stat label="Still on the way" value={shortCount(totals.waiting)} note="at the end" color="var(--opened)" />
      <Stat label="Leave early" value={shortCount(totals.exited)} note={`${count(totals.finished)} come to the end`} color="var(--delivered)" />
      <Stat label="Messages" value={shortCount(totals.sent)} note={`would be sent ${over}`} color="var(--sent)" testid="simulated-sent" />
      <Stat label="Held or dropped" value={shortCount(totals.held + totals.dropped)} note={`${count(totals.dropped)} dropped for good`} color="var(--clicked)" />
    </StatRow>
  )
}

function rangeOf({ start, end, totals }: SimulationReport): string {
  return `${count(totals.customers)} customers, ${day(start)} to ${day(end)}`
}

