/** A segment is built or changed: by form, or as the document that it is. */

import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'

import { ApiError } from '@/api/client'
import { segmentQuery } from '@/api/segments'
import { AnchorLink, Back } from '@/parts/links'
import { PageHead } from '@/parts/Page'
import { Failure, LoadingRows, Lost } from '@/parts/States'
import { NEW_DRAFT, writeDocument } from '@/words/segments'

import { SegmentEditor } from './SegmentEditor'

export function BuilderScreen() {
  const { edit, where } = useSearch({ from: '/new-segment' })
  return (
    <>
      <PageHead
        title={edit === undefined ? 'New segment' : `Edit ${edit}`}
        lead={
          edit === undefined
            ? 'Say whom you mean. The number beside the conditions follows as you go.'
            : 'The new rule is built beside the one that is live, and takes its place when it is exact.'
        }
        before={
          edit === undefined ? (
            <AnchorLink to="/segments" size="sm" c="dimmed"><Back>Segments</Back></AnchorLink>
          ) : (
            <AnchorLink to="/segments/$name" params={{ name: edit }} size="sm" c="dimmed"><Back>The segment</Back></AnchorLink>
          )
        }
      />
      {edit === undefined ? <SegmentEditor document={writeDocument(NEW_DRAFT(where)).document} known={null} /> : <Existing name={edit} />}
    </>
  )
}

function Existing({ name }: { name: string }) {
  const { data, error, refetch } = useQuery({ ...segmentQuery(name), refetchInterval: false })
  if (error instanceof ApiError && error.status === 404) return <Lost what="segment" />
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />
  if (!data) return <LoadingRows rows={2} height={200} />
  return <SegmentEditor key={name} document={data.document} known={data.name} />
}
