//! A data key on its way to being wrapped for all recipients: what the platform must do for some of them, once for all
//! messages that share the data key.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, OnceCell, RefCell};

use js_sys::{Array, Object, Uint8Array};
use kmseal::{EncryptionContext, Materials, MessageId};
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use crate::error::{Result, Thrown, set};
use crate::random::PageRng;
use crate::sealing::Message;

/// A data key of one or several messages.
pub struct Shared {
    planned: RefCell<Option<kmseal::Wrapping>>,
    recipients: usize,
    wrapped: OnceCell<Materials>,
    /// The page's promise of the work on it, once someone has begun.
    work: RefCell<JsValue>,
    /// Nothing more is begun with it.
    failed: Cell<bool>,
}

impl Shared {
    /// Wrapped at once, where no recipient needs the platform.
    pub fn new(planned: kmseal::Wrapping, recipients: usize) -> Result<Self> {
        let is_ready = (0..recipients).all(|index| planned.task(index).is_none());
        let planned = RefCell::new(Some(planned));
        let shared =
            Self { planned, recipients, wrapped: OnceCell::new(), work: RefCell::default(), failed: Cell::new(false) };
        if is_ready {
            shared.finish()?;
        }
        Ok(shared)
    }

    /// Whether a further message may share it.
    pub fn is_usable(&self) -> bool {
        !self.failed.get()
    }

    fn finish(&self) -> Result<()> {
        if let Some(planned) = self.planned.take() {
            // It was empty: what is planned is taken once.
            let _ = self.wrapped.set(planned.finish()?);
        }
        Ok(())
    }
}

/// A message whose data key may still have to be wrapped.
#[wasm_bindgen]
pub struct Draft {
    pub(crate) shared: Rc<Shared>,
    pub(crate) stored: EncryptionContext,
    pub(crate) required: EncryptionContext,
    pub(crate) frame_length: u32,
}

#[wasm_bindgen]
impl Draft {
    /// The content length of every frame but the last, in bytes.
    #[wasm_bindgen(js_name = frameLength)]
    pub fn frame_length(&self) -> u32 {
        self.frame_length
    }

    /// The message, once its data key is wrapped. With that of its description, if it may get one: so the data key need not be kept for it.
    pub fn message(self, describable: bool) -> Result<Message> {
        let Some(materials) = self.shared.wrapped.get() else {
            return Err(Thrown::internal("the data key is not wrapped yet"));
        };
        let message = || -> Result<_> {
            let id = MessageId::generate(&mut PageRng)?;
            Ok(kmseal::Message::new(materials, id, &self.stored, &self.required, self.frame_length)?)
        };
        Ok(Message::new(message()?, describable.then(message).transpose()?))
    }

    /// What wraps its data key; undefined if that is done.
    pub fn wrapping(&self) -> Option<Wrapping> {
        self.shared.wrapped.get().is_none().then(|| Wrapping(Rc::clone(&self.shared)))
    }
}

/// The wrapping of a data key: it outlives the messages that wait for it.
#[wasm_bindgen]
pub struct Wrapping(Rc<Shared>);

#[wasm_bindgen]
impl Wrapping {
    /// The promise of those who work on it; undefined if nobody does.
    #[wasm_bindgen(getter)]
    pub fn work(&self) -> JsValue {
        self.0.work.borrow().clone()
    }

    /// Sets it.
    #[wasm_bindgen(setter)]
    pub fn set_work(&self, work: JsValue) {
        self.0.work.replace(work);
    }

    /// Notes that the work failed: the next message begins with another data key.
    pub fn fail(&self) {
        self.0.failed.set(true);
    }

    /// What must be done, by recipient: `{ index, keySpec, publicKey }`, where publicKey is an uncompressed point or an
    /// encapsulation key.
    pub fn tasks(&self) -> Array {
        let tasks = Array::new();
        let planned = self.0.planned.borrow();
        for index in 0..self.0.recipients {
            let Some(task) = planned.as_ref().and_then(|planned| planned.task(index)) else { continue };
            let described = Object::new();
            set(&described, "index", index as f64);
            set(&described, "keySpec", task.key_spec);
            set(&described, "publicKey", Uint8Array::from(task.raw));
            tasks.push(&described);
        }
        tasks
    }

    /// Takes what was done for a recipient: the sender's uncompressed point and the shared x coordinate, or the KEM's ciphertext and secret.
    pub fn accept(&self, index: usize, public: &[u8], shared_secret: Vec<u8>) -> Result<()> {
        let shared_secret = Zeroizing::new(shared_secret);
        if let Some(planned) = &mut *self.0.planned.borrow_mut() {
            planned.accept(index, public, &shared_secret)?;
        }
        Ok(())
    }

    /// The last step.
    pub fn finish(&self) -> Result<()> {
        self.0.finish()
    }
}
