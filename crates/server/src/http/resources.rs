//! Resources as axum routes them, with their description beside them. utoipa's own router writes the description of
//! every resource down while it is built; most servers are never asked for it, and it would cost a start more memory
//! than everything else that the server keeps. So here a route is made at the start, and described when somebody asks.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::MethodRouter;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter as Describer, UtoipaMethodRouter};

use crate::state::App;

/// The methods of one path.
pub(crate) struct Resource {
    pub(crate) path: String,
    pub(crate) methods: MethodRouter<App>,
    pub(crate) describe: Describe,
}

/// Makes the description of a resource. It comes with routes once more, which are dropped.
pub(crate) type Describe = fn() -> UtoipaMethodRouter<App>;

/// Resources, routed, and described on demand.
#[derive(Default)]
pub(crate) struct OpenApiRouter {
    router: Router<App>,
    description: Description,
}

/// The descriptions that can be made.
#[derive(Clone, Default)]
pub(crate) struct Description(Vec<Describe>);

impl Resource {
    /// With something around all of its methods.
    pub(crate) fn within(mut self, around: fn(MethodRouter<App>) -> MethodRouter<App>) -> Self {
        self.methods = around(self.methods);
        self
    }

    /// With another limit of its bodies than the usual one.
    pub(crate) fn layer(mut self, limit: DefaultBodyLimit) -> Self {
        self.methods = self.methods.layer(limit);
        self
    }
}

impl OpenApiRouter {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a resource.
    pub(crate) fn routes(mut self, resource: Resource) -> Self {
        self.router = self.router.route(&resource.path, resource.methods);
        self.description.0.push(resource.describe);
        self
    }

    /// Adds all resources of another router.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.description.0.extend(other.description.0);
        self
    }

    /// The routes, and what can describe them.
    pub(crate) fn split(self) -> (Router<App>, Description) {
        (self.router, self.description)
    }
}

impl Description {
    /// The description of all resources, in the frame that is given.
    pub(crate) fn write(&self, frame: OpenApi) -> OpenApi {
        let describer = Describer::with_openapi(frame);
        self.0.iter().fold(describer, |describer, describe| describer.routes(describe())).into_openapi()
    }
}

/// The resource of one path, from the handlers of its methods: functions of the calling module, each with a
/// `#[utoipa::path]` that names the same path.
macro_rules! routes {
    ($first:ident $(, $other:ident)*) => {
        $crate::http::resources::Resource {
            path: utoipa_axum::paste! { <[<__path_ $first>] as utoipa::Path>::path() },
            methods: axum::routing::MethodRouter::new()
                .merge($crate::http::resources::methods!($first))
                $(.merge($crate::http::resources::methods!($other)))*,
            describe: || utoipa_axum::routes!($first $(, $other)*),
        }
    };
}
pub(crate) use routes;

/// The route of one handler under its methods.
macro_rules! methods {
    ($handler:ident) => {
        utoipa_axum::paste! { <[<__path_ $handler>] as utoipa::Path>::methods() }
            .iter()
            .fold(axum::routing::MethodRouter::new(), |router, method| {
                router.on(utoipa_axum::PathItemExt::to_method_filter(method), $handler)
            })
    };
}
pub(crate) use methods;
