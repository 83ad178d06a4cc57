//! The page about configuration: its example is read, and does what the page says.

use planewright_codegen::config::{Config, ConfigFile};
use planewright_codegen::generate;
use planewright_codegen::source::SourceSet;

const PAGE: &str = include_str!("../../docs/configuration.md");

const SHOP: &str = r##"
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /books:
    get:
      tags: [books]
      responses:
        "200":
          description: All.
          content:
            application/json: {schema: {type: array, items: {$ref: "#/components/schemas/book_dto"}}}
  /purge:
    post: {operationId: books/purge, tags: [books], responses: {"204": {description: Gone.}}}
  /health:
    get:
      operationId: health
      tags: [internal]
      responses: {"204": {description: Well.}}
  /version:
    get: {responses: {"200": {description: It., content: {application/json: {schema: {$ref: "#/components/schemas/Version"}}}}}}
  /orders:
    get:
      operationId: orders
      tags: [orders]
      responses: {"200": {description: All., content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}}
components:
  schemas:
    book_dto:
      type: object
      required: [cover]
      properties:
        isbn13: {type: string}
        cover: {type: string}
        price: {$ref: "#/components/schemas/Money"}
    Money: {type: string}
    Order: {type: object, properties: {id: {type: string}}}
    Version: {type: object, properties: {number: {type: string}}}
"##;

/// The text of the page's first block in this language.
fn block(language: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("```{language}\n")).expect("a block");
    rest.split_once("```").expect("its end").0
}

#[test]
fn the_page_shows_what_the_generator_reads() {
    let file: ConfigFile = toml::from_str(block("toml")).unwrap();
    let mut config = Config::tree();
    file.apply(&mut config);
    let sources = SourceSet::from_text("shop.yaml", SHOP).with_overlay_text("fixes.yaml", block("yaml"));
    let generated = generate(&config, &sources).unwrap();

    let ids: Vec<_> = generated.api.operations.iter().map(|operation| operation.id.as_str()).collect();
    assert_eq!(ids, ["books/list", "getVersion"], "{}", generated.diagnostics);
    let text: String = generated.files.iter().map(|file| file.text.as_str()).collect();
    for there in [
        "#[derive(::schemars::JsonSchema, Eq, Hash)]",
        "pub struct Book {",
        "pub isbn: Option<String>",
        "pub cover: Option<String>",
        "pub price: Option<::rust_decimal::Decimal>",
        "fn list_books(",
    ] {
        assert!(text.contains(there), "{there} isn't in\n{text}");
    }
    for gone in ["Order", "BookDto", "purge"] {
        assert!(!text.contains(gone), "{gone} is in\n{text}");
    }
}

#[test]
fn what_a_configuration_names_in_vain_is_told() {
    let mut config = Config::tree();
    let file = "[names]\nbok_dto = 'Book'\n[operations]\nlist = 'all'\n[members.book_dto]\nisbn = 'i'\n\
                [replace]\nMony = 'u8'\n[derives.types]\nBok = ['Eq']\n";
    toml::from_str::<ConfigFile>(file).unwrap().apply(&mut config);
    let generated = generate(&config, &SourceSet::from_text("shop.yaml", SHOP)).unwrap();
    let told: Vec<_> = generated
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code.id == "W0804")
        .map(|diagnostic| diagnostic.message.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "`names` names the schema `bok_dto`, which the document doesn't have",
            "`operations` names the operation `list`, which the document doesn't have",
            "`members` names `isbn` of `book_dto`, which the document doesn't have",
            "`replace` names the schema `Mony`, which the document doesn't have",
            "`derives` names the schema `Bok`, which the document doesn't have",
        ]
    );
}

#[test]
fn what_is_configured_for_a_schema_is_for_its_form_in_requests_too() {
    const USERS: &str = r##"
openapi: 3.0.3
info: {title: Users, version: "1"}
paths:
  /users:
    post:
      operationId: create
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}
      responses: {"200": {description: Made., content: {application/json: {schema: {$ref: "#/components/schemas/User"}}}}}
components:
  schemas:
    User:
      type: object
      required: [id]
      properties: {id: {type: string, readOnly: true}, name: {type: string}}
"##;
    let text = |config: &str| {
        let file: ConfigFile = toml::from_str(config).unwrap();
        let mut config = Config::tree();
        file.apply(&mut config);
        let generated = generate(&config, &SourceSet::from_text("users.yaml", USERS)).unwrap();
        generated.files.iter().map(|file| file.text.clone()).collect::<String>()
    };
    let plain = text("");
    assert!(plain.contains("pub struct User {") && plain.contains("pub struct UserRequest {"), "{plain}");
    let replaced = text("[replace]\nUser = '::users::User'\n");
    assert!(!replaced.contains("UserRequest") && replaced.contains("::users::User"), "{replaced}");
    let renamed = text("[members.User]\nname = 'called'\n[derives.types]\nUser = ['Eq']\n");
    assert_eq!(renamed.matches("pub called: ").count(), 2, "{renamed}");
    assert_eq!(renamed.matches("#[derive(Eq)]").count(), 2, "{renamed}");
}
