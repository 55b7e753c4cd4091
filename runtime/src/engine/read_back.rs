//! What the store knows of executions: which one has a name, and what its rows of facts amount to.

use std::sync::Arc;

use gradus_core::machine::{Execution, Fact, codec};

use crate::store::catalog::{Catalog, Compiled};
use crate::store::layout::{self, ExecutionId, Named};
use crate::store::{Error, Store, Table};

/// The execution of an ARN, if there is one.
pub fn find_execution(store: &impl Store, arn: &str) -> Result<Option<ExecutionId>, Error> {
    Ok(find_named(store, arn)?.map(|named| named.execution))
}

/// The same with its last redrive.
pub fn find_named(store: &impl Store, arn: &str) -> Result<Option<Named>, Error> {
    let Some(row) = store.get(Table::Names, &layout::name_key(arn))? else { return Ok(None) };
    let named = Named::read(&row).ok_or_else(|| Error::Damaged(format!("the row of the name `{arn}`")))?;
    Ok(Some(named))
}

/// An execution that was read back.
pub(crate) struct Replayed {
    /// The execution.
    pub(crate) execution: Execution,
    /// What it runs.
    pub(crate) compiled: Arc<Compiled>,
}

/// How many rows of facts are read at once: a row may have some 16 MiB.
const ROWS_AT_ONCE: usize = 16;

/// An execution as it is on disk, with the number of its rows of facts; `None` without rows.
pub(crate) fn read_back<S: Store>(
    store: &S,
    catalog: &Catalog<S>,
    id: ExecutionId,
) -> Result<(u32, Option<Replayed>), Error> {
    let (mut count, mut replayed) = (0, None);
    search(store, id, |row| {
        count += 1;
        replay_on(catalog, &mut replayed, row).map(|()| None::<()>)
    })?;
    Ok((count, replayed))
}

/// What `look` finds first in the rows of an execution, in order.
pub(crate) fn search<S: Store, T>(
    store: &S,
    id: ExecutionId,
    mut look: impl FnMut(&[u8]) -> Result<Option<T>, Error>,
) -> Result<Option<T>, Error> {
    let mut from = 0;
    loop {
        let rows = store.range(layout::facts_from(id, from).limit(ROWS_AT_ONCE))?;
        for (_, row) in &rows {
            if let Some(found) = look(row)? {
                return Ok(Some(found));
            }
        }
        if rows.len() < ROWS_AT_ONCE {
            return Ok(None);
        }
        from += ROWS_AT_ONCE as u32;
    }
}

/// An execution from its rows of facts; `None` without rows.
#[cfg(test)]
pub(crate) fn replay<'r, S: Store>(
    catalog: &Catalog<S>,
    mut rows: impl Iterator<Item = &'r [u8]>,
) -> Result<Option<Replayed>, Error> {
    let mut replayed = None;
    rows.try_for_each(|row| replay_on(catalog, &mut replayed, row))?;
    Ok(replayed)
}

fn replay_on<S: Store>(
    catalog: &Catalog<S>,
    replayed: &mut Option<Replayed>,
    row: &[u8],
) -> Result<(), Error> {
    let facts = codec::decode(row).map_err(|error| Error::Damaged(error.to_string()))?;
    let Replayed { execution, .. } = match replayed {
        Some(replayed) => replayed,
        None => {
            let Some(Fact::ExecutionStarted { start }) = facts.entries.first().map(|entry| &entry.fact)
            else {
                return Err(Error::Damaged("an execution does not begin with its start".to_owned()));
            };
            let compiled = catalog.revision(&start.revision)?;
            let compiled =
                compiled.ok_or_else(|| Error::Damaged(format!("revision `{}` is gone", start.revision)))?;
            replayed.insert(Replayed { execution: Execution::new(compiled.definition.clone()), compiled })
        }
    };
    for entry in &facts.entries {
        execution.apply(facts.at, entry);
    }
    Ok(())
}
