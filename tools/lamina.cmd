@echo off
rem Lamina's command on Windows. Builds on first use; needs a JDK 17 or later, and Maven to build.
rem   tools\lamina train         trains on the embedded images
rem After a change of the sources delete target\.lamina-built. LAMINA_JAVA_OPTS adds options of the JVM.
setlocal
for %%i in ("%~dp0..") do set "home=%%~fi"
if not exist "%home%\target\.lamina-built" (
  echo building Lamina, the first time also fetches about 200 MB of libraries 1>&2
  del /q "%home%\target\lamina-*.jar" 2>nul
  call mvn -B -q -f "%home%\pom.xml" -Dmaven.test.skip=true package 1>&2 || exit /b 2
  type nul >"%home%\target\.lamina-built"
)
for %%j in ("%home%\target\lamina-*.jar") do set "jar=%%j"
set "java=java"
if defined JAVA_HOME set "java=%JAVA_HOME%\bin\java"
if not defined TF_ENABLE_ONEDNN_OPTS set "TF_ENABLE_ONEDNN_OPTS=1"
if not defined TF_CPP_MIN_LOG_LEVEL set "TF_CPP_MIN_LOG_LEVEL=3"
rem The output is UTF-8.
chcp 65001 >nul
set "collector=-XX:+UseSerialGC"
echo %LAMINA_JAVA_OPTS% | findstr /r /c:"-XX:+Use.*GC" >nul && set "collector="
"%java%" %collector% -Djava.awt.headless=true -Dfile.encoding=UTF-8 -Dsun.misc.unsafe.memory.access=allow ^
  "-Dlamina.command=%~f0" %LAMINA_JAVA_OPTS% -jar "%jar%" %*
exit /b %errorlevel%
