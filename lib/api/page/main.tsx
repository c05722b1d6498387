// The annotator page: where it starts.

import { render } from "preact";

render(<p>Loading</p>, document.body);
