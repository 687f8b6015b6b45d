#!/bin/sh
# Makes the environment of an image, without what no server needs at run time: environment.sh FOLDER
#   REQUIREMENTS: lists of FOLDER/app/requirements, without their endings. STRIP: `no` keeps symbols for debuggers.
set -eu
app=$1/app venv=$1/venv python=$1/venv/bin/python3

# The pip of another environment fills it, and stays behind.
python3 -m venv /build/pip
python3 -m venv --without-pip "$venv"
set --
for list in $REQUIREMENTS; do set -- "$@" -r "$app/requirements/$list.txt"; done
/build/pip/bin/python3 -m pip install --quiet --upgrade 'pip>=25.2,<27'
# Only what is imported is compiled (try_out.py): compiled files of everything take 60 MB.
/build/pip/bin/python3 -m pip --python "$python" install --quiet --no-compile "$@"

packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# ONNX Runtime for programs in C, which Python does not load, and tools that make and change models.
rm -f "$packages"/onnxruntime/capi/libonnxruntime.so.*
rm -rf "$packages"/onnxruntime/transformers "$packages"/onnxruntime/quantization "$packages"/onnxruntime/tools
rm -rf "$packages"/numpy/f2py "$packages"/numpy/distutils
find "$packages" -type d -name tests -prune -exec rm -rf {} +
find "$packages" -type f \( -name '*.pyi' -o -name '*.h' -o -name '*.a' -o -name '*.pxd' \) -delete
if [ "${STRIP:-yes}" = yes ]; then "$python" /build/strip.py "$packages"; fi

# Whoever may run commands in a container may read the key that lies there.
cat > "$venv/bin/stts" <<END
#!/bin/sh
for file in "\${STTS_SECURITY__FIRST_KEY_FILE:-}" "\${STTS_SECURITY__API_KEY_FILE:-}"; do
    if [ -z "\${STTS_KEY:-}" ] && [ -r "\$file" ]; then STTS_KEY=\$(cat "\$file"); export STTS_KEY; fi
done
PYTHONPATH=$app exec $python -P -m clients.command.main "\$@"
END
chmod 755 "$venv/bin/stts"
