/** A document becomes a campaign: from a blueprint, pasted, or by editing what is there. */

import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'

import { blueprintsQuery, campaignQuery } from '@/api/queries'
import { AnchorLink, Back } from '@/parts/links'
import { PageHead } from '@/parts/Page'
import { Failure, LoadingRows } from '@/parts/States'
import { toYaml } from '@/words/yaml'

import { BlueprintPicker } from './BlueprintPicker'
import { DocumentEditor } from './DocumentEditor'

export function NewCampaignScreen() {
  const { blueprint, edit } = useSearch({ from: '/new-campaign' })
  return (
    <>
      <PageHead
        title={edit === undefined ? 'New campaign' : `Edit ${edit}`}
        lead={
          edit === undefined
            ? 'Begin with a blueprint or paste a document. Nothing is sent before you launch.'
            : 'Saving makes a new revision. Customers under way stay on the one they began with.'
        }
        before={
          edit === undefined ? (
            <AnchorLink to="/campaigns" size="sm" c="dimmed"><Back>Campaigns</Back></AnchorLink>
          ) : (
            <AnchorLink to="/campaigns/$name" params={{ name: edit }} size="sm" c="dimmed"><Back>The campaign</Back></AnchorLink>
          )
        }
      />
      {edit === undefined ? <FromBlueprint chosen={blueprint} /> : <FromCampaign name={edit} />}
    </>
  )
}

function FromBlueprint({ chosen }: { chosen: string | undefined }) {
  const { data, error, refetch } = useQuery(blueprintsQuery)
  if (error) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={3} height={120} />
  const blueprint = data.find(({ name }) => name === chosen)
  return (
    <>
      <BlueprintPicker blueprints={data} chosen={chosen} />
      <DocumentEditor key={chosen ?? ''} start={blueprint ? toYaml(blueprint.document) : ''} />
    </>
  )
}

function FromCampaign({ name }: { name: string }) {
  const { data, error, refetch } = useQuery({ ...campaignQuery(name), refetchInterval: false })
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={2} height={200} />
  return <DocumentEditor key={name} start={toYaml(data.document)} />
}
