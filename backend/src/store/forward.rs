use std::sync::Arc;

use async_trait::async_trait;

use super::{Key, KeyRange, Page, Revision, Store, StoreError, Transaction, Versioned, WatchStream};

macro_rules! forward {
    ($($wrapper:ty),*) => {$(
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<S: Store + ?Sized> Store for $wrapper {
            async fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
                (**self).get(key).await
            }

            async fn list(&self, range: &KeyRange, limit: usize) -> Result<Page, StoreError> {
                (**self).list(range, limit).await
            }

            async fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
                (**self).commit(transaction).await
            }

            async fn watch(&self, range: KeyRange, after: Revision) -> Result<WatchStream, StoreError> {
                (**self).watch(range, after).await
            }

            async fn compact(&self, up_to: Revision) -> Result<(), StoreError> {
                (**self).compact(up_to).await
            }
        }
    )*};
}

forward!(&S, Box<S>, Arc<S>);
