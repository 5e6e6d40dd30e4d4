//! Sigma rules over records of one file: against-rsigma RULES.yml EVENTS.ndjson SUPPRESS-SECONDS
//!
//! Prints a line for each correlation that fires: its title, the group, and the second of the event at which it did.
use rsigma_eval::{CorrelationConfig, CorrelationEngine, CorrelationEventMode, JsonEvent};
use serde_json::{json, Value};
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().collect();
    let rules = rsigma_parser::parse_sigma_yaml(&fs::read_to_string(&args[1])?)?;
    if let Some(wrong) = rules.errors.first() {
        return Err(wrong.clone().into());
    }
    let mut engine = CorrelationEngine::new(CorrelationConfig {
        suppress: Some(args[3].parse()?),
        emit_detections: false,
        // Of the events of a match the newest: the one that came last.
        correlation_event_mode: CorrelationEventMode::Refs,
        max_correlation_events: 1,
        ..Default::default()
    });
    engine.add_collection(&rules)?;
    for line in fs::read_to_string(&args[2])?.lines() {
        let record: Value = serde_json::from_str(line)?;
        for result in engine.process_event(&JsonEvent::borrow(&record)) {
            let Some(fired) = result.as_correlation() else { continue };
            let second = fired.event_refs.as_ref().and_then(|refs| refs.last()).map(|event| event.timestamp);
            println!("{}", json!({"rule": result.header.rule_title, "key": fired.group_key, "second": second}));
        }
    }
    Ok(())
}
