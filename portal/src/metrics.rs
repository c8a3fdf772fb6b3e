//! Numbers for Prometheus, on a listener of its own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use signaling::sip::view::{TrunkState, TrunkView};

/// Upper bounds in seconds: a read from memory, a database, a password hash, trouble.
const BUCKETS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.3, 1.0, 5.0, 30.0];

/// Labels of a finished request. The route is a pattern, so their number is bounded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// Requests, by route. Cheap to clone.
#[derive(Clone)]
pub struct HttpMetrics {
    answered: Family<Answered, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        HttpMetrics { answered: Family::default(), seconds: Family::new_with_constructor(histogram) }
    }
}

impl HttpMetrics {
    /// Notes a finished request.
    pub fn observe(&self, method: &Method, route: &str, status: StatusCode, spent: Duration) {
        // Anybody can invent a method.
        let method = if method.as_str().len() > 7 { "OTHER" } else { method.as_str() };
        let route = route.to_owned();
        let labels = Answered { method: method.to_owned(), route: route.clone(), status: status.as_u16() };
        self.answered.get_or_create(&labels).inc();
        self.seconds.get_or_create(&Route { route }).observe(spent.as_secs_f64());
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Trunk {
    trunk: String,
}

/// Telephones and trunks, set now and then. Cheap to clone.
#[derive(Clone, Default)]
pub struct SipMetrics {
    up: Family<Trunk, Gauge>,
    calls: Family<Trunk, Gauge>,
    registrations: Gauge,
}

impl SipMetrics {
    /// Sets how things are: trunks as configured, so the number of labels is bounded.
    pub fn set(&self, trunks: &[TrunkView], registrations: usize) {
        for view in trunks {
            let label = Trunk { trunk: view.name.clone() };
            self.up.get_or_create(&label).set((view.state == TrunkState::Up).into());
            self.calls.get_or_create(&label).set(view.calls.into());
        }
        self.registrations.set(registrations.try_into().unwrap_or(i64::MAX));
    }
}

/// Names and values of another part, read when asked for.
type Reading = Arc<dyn Fn() -> Vec<(&'static str, u64)> + Send + Sync>;

struct Numbers {
    prefix: &'static str,
    read: Reading,
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Numbers({})", self.prefix)
    }
}

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        for (name, value) in (self.read)() {
            let name = format!("{}_{name}", self.prefix);
            // Counters and gauges stand in one list there, so neither is claimed.
            let metric = encoder.encode_descriptor(&name, self.prefix, None, MetricType::Unknown)?;
            ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(metric)?;
        }
        Ok(())
    }
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// With the numbers of the HTTP server.
    pub fn new(http: &HttpMetrics) -> Metrics {
        let mut registry = Registry::with_prefix("switchboard");
        registry.register("http_requests", "Finished requests", http.answered.clone());
        registry.register("http_request_seconds", "Time from the header to the answer", http.seconds.clone());
        Metrics { registry }
    }

    /// Adds those of telephones and trunks.
    pub fn add_sip(&mut self, sip: &SipMetrics) {
        let SipMetrics { up, calls, registrations } = sip.clone();
        self.registry.register("sip_trunk_up", "Whether the PBX answers", up);
        self.registry.register("sip_trunk_calls", "Telephone calls over the PBX now", calls);
        self.registry.register("sip_registrations", "Telephones registered here now", registrations);
    }

    /// Adds the numbers of another part, each name with the prefix in front.
    pub fn add(
        &mut self,
        prefix: &'static str,
        read: impl Fn() -> Vec<(&'static str, u64)> + Send + Sync + 'static,
    ) {
        self.registry.register_collector(Box::new(Numbers { prefix, read: Arc::new(read) }));
    }

    /// The page in the OpenMetrics text format.
    pub fn page(&self) -> String {
        let mut page = String::new();
        // Writing into a `String` does not fail.
        if text::encode(&mut page, &self.registry).is_err() {
            page.clear();
        }
        page
    }
}

/// Content type of [`Metrics::page`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_requests_and_the_numbers_of_other_parts() {
        let http = HttpMetrics::default();
        http.observe(&Method::GET, "/api/me", StatusCode::OK, Duration::from_millis(7));
        http.observe(
            &Method::from_bytes(b"MADEUPMETHOD").expect("method"),
            "static",
            StatusCode::OK,
            Duration::ZERO,
        );
        let mut metrics = Metrics::new(&http);
        metrics.add("db", || vec![("connections_open", 4)]);
        let sip = SipMetrics::default();
        metrics.add_sip(&sip);
        let trunk = |state| TrunkView {
            name: "pbx".into(),
            host: "192.0.2.1".into(),
            protocol: signaling::sip::port::Protocol::Udp,
            state,
            registered: None,
            since_ms: 0,
            reason: None,
            round_trip_ms: None,
            calls: 3,
            max_calls: 9,
        };
        sip.set(&[trunk(TrunkState::Up)], 7);
        assert!(metrics.page().contains("switchboard_sip_trunk_up{trunk=\"pbx\"} 1"));
        sip.set(&[trunk(TrunkState::Down)], 7);
        let page = metrics.page();
        for line in [
            "switchboard_sip_trunk_up{trunk=\"pbx\"} 0",
            "switchboard_sip_trunk_calls{trunk=\"pbx\"} 3",
            "switchboard_sip_registrations 7",
            "switchboard_http_requests_total{method=\"GET\",route=\"/api/me\",status=\"200\"} 1",
            "switchboard_http_requests_total{method=\"OTHER\",route=\"static\",status=\"200\"} 1",
            "switchboard_http_request_seconds_bucket{le=\"0.02\",route=\"/api/me\"} 1",
            "switchboard_db_connections_open 4",
            "# EOF",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} not in\n{page}");
        }
    }
}
